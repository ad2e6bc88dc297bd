/**
 * Local archives of a stage: written, read back against the stage, and only then given their name.
 *
 * What must never be here: a file that is not yet verified under the name of an archive, or anything that restic backs up.
 */
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Archive } from '../../config/types.ts';
import type { RunReference } from '../../contract/backup.ts';
import type { Programs } from '../../process/programs.ts';
import type { PhaseContext } from '../phase.ts';
import { PhaseError } from '../phase-error.ts';
import { exists } from '../presence.ts';
import { archiveName, parseArchiveName } from './archive-name.ts';
import { type ArchiveMemory, findSameArchive, isSameFile, noteArchive } from './last-archive.ts';
import { compareWithStage, packStage, type TarJob } from './tar.ts';

export interface WriteArchiveOptions {
  archive: Archive;
  stageDirectory: string;
  run: RunReference;
  programs: Programs;
  memory: ArchiveMemory;
}

/**
 * Writes the archive of a run: to `<name>.partial` (mode 0600), compared with the stage, synced, then renamed. Where the last archive
 * holds the same, the new one is another name (a hard link) of that file.
 *
 * Safe to repeat: an archive that an earlier attempt finished is compared again, and kept or replaced. What dead runs of the plan
 * left as `.partial` is removed.
 *
 * The directory itself is made (mode 0700) when it is missing, the one above it never: where a disk is to be mounted there,
 * configure a directory on that disk.
 *
 * @throws {PhaseError} DiskFull, StorageUnavailable, DumpRejected when the archive is not what the stage is
 */
export async function writeArchive(
  options: WriteArchiveOptions,
  context: PhaseContext,
): Promise<{ path: string; bytes: number }> {
  const { archive, run } = options;
  await prepareDirectory(archive.directory, context);
  await removePartials(archive.directory, run.plan);
  const path = join(archive.directory, archiveName(run, archive.format));
  const job: TarJob = { programs: options.programs, format: archive.format, stageDirectory: options.stageDirectory, context };
  if (!(await linkSame(options, path)) && !(await isFinished(job, path))) await writeNew(job, path);
  await noteArchive(options.memory, path);
  return { path, bytes: (await stat(path)).size };
}

/** Gives the last archive a second name, where nothing has changed since. Returns whether that is so. */
async function linkSame({ archive, run, memory }: WriteArchiveOptions, path: string): Promise<boolean> {
  const same = await findSameArchive(memory, { ...archive, plan: run.plan });
  if (same === undefined) return false;
  if (await isSameFile(same, path)) return true;
  const partial = `${path}.partial`;
  try {
    await link(same, partial);
  } catch {
    // Not every file system has hard links; a true obstacle comes up again, and is named, when the archive is written.
    return false;
  }
  await rename(partial, path);
  await sync(dirname(path));
  return true;
}

async function writeNew(job: TarJob, path: string): Promise<void> {
  const partial = `${path}.partial`;
  try {
    // tar would make it as readable as the umask allows, and it holds what the databases hold.
    await (await open(partial, 'wx', 0o600)).close();
    await packStage(job, partial);
    await compareWithStage(job, partial);
    await sync(partial);
    job.context.signal.throwIfAborted();
    await rename(partial, path);
    await sync(dirname(path));
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function removePartials(directory: string, plan: string): Promise<void> {
  const names = await readdir(directory);
  const partials = names.filter((name) => name.endsWith('.partial') && parseArchiveName(name.slice(0, -8), plan) !== undefined);
  for (const name of partials) await rm(join(directory, name), { force: true });
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Whether an earlier attempt finished, and its archive is still what the stage holds. */
async function isFinished(job: TarJob, path: string): Promise<boolean> {
  if (!(await exists(path))) return false;
  try {
    await compareWithStage(job, path);
    return true;
  } catch (error) {
    if (!(error instanceof PhaseError) || error.type !== 'DumpRejected') throw error;
    job.context.warn(`the archive ${path} of an earlier attempt is not what the stage holds, and is written again.`);
    return false;
  }
}

async function prepareDirectory(directory: string, context: PhaseContext): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 });
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(directory)).isDirectory()) return;
    throw new PhaseError(
      'StorageUnavailable',
      `the archive directory ${directory} cannot be used (${code}). Is its disk mounted, and may the worker write there? ` +
        'Only the last directory of that path is made when it is missing.',
    );
  }
  // An empty directory above it is what a mount point looks like while nothing is mounted.
  if ((await readdir(dirname(directory))).length > 1) return;
  context.warn(`the archive directory ${directory} was made in an empty ${dirname(directory)}. Is its disk mounted?`);
}
