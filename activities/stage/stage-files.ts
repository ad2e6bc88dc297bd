/**
 * Lays a files source out in the stage: what its paths select, with everything that makes up a file, and a note of each.
 *
 * What must never be here: a path that was decoded (a name need not be UTF-8), or a symbolic link that is followed.
 */
import { lstat, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FilesSource } from '../../config/types.ts';
import type { Programs } from '../../process/programs.ts';
import type { PhaseContext } from '../phase.ts';
import { type BytePath, bytePath, displayPath, joinPath, toBuffer } from './byte-path.ts';
import { copyDirectoryAttributes } from './copy-attributes.ts';
import { copyFiles, type FilesCopy, type LeafItem } from './copy-files.ts';
import { ensureReadable } from './ensure-readable.ts';
import type { FilesFacts, ManifestEntry } from './manifest.ts';
import { manifestEntry } from './manifest-entry.ts';
import { removeTree } from './remove-tree.ts';
import { type Selection, selectFiles } from './select-files.ts';
import { throwProblems } from './source-problems.ts';

export interface StageFilesOptions {
  source: FilesSource;
  /** Must exist; only the worker may read it. */
  stageDirectory: string;
  programs: Programs;
}

/**
 * Copies what a files source selects to `<stage>/files/<name>/<path below base>`; `files/<name>` itself stands for base and has
 * its attributes. What an earlier attempt left there is removed first, and on failure or cancel nothing stays.
 *
 * Modes, times to the nanosecond, extended attributes and ACLs are kept, owners too when the worker is root. Two names of one
 * file (hard links) become two files.
 *
 * @throws {PhaseError} SourceMissing, ConfigInvalid, DiskFull, ToolMissing; the signal's reason
 */
export async function stageFiles(
  options: StageFilesOptions,
  context: PhaseContext,
): Promise<{ facts: FilesFacts; entries: ManifestEntry[] }> {
  const { source, stageDirectory } = options;
  const target = join(stageDirectory, 'files', source.name);
  await removeTree(target);
  const selection = await selectFiles(source, context);
  try {
    return await copySelection(options, selection, context);
  } catch (error) {
    await removeTree(target);
    throw error;
  }
}

async function copySelection(
  { source, stageDirectory, programs }: StageFilesOptions,
  { root, entries }: Selection,
  context: PhaseContext,
): Promise<{ facts: FilesFacts; entries: ManifestEntry[] }> {
  const directories = entries.flatMap(({ path, kind }) => (kind === 'directory' ? [path] : []));
  const leaves = entries.flatMap(({ path, kind }): LeafItem[] => (kind === 'directory' ? [] : [{ path, kind }]));
  const copy: FilesCopy = {
    source,
    root,
    base: source.base,
    target: join(stageDirectory, 'files', source.name),
    programs,
    signal: context.signal,
    context,
    problems: { missing: [], unreadable: [] },
    progress: { filesDone: 0, filesTotal: leaves.length, bytesDone: 0 },
  };
  await mkdir(join(stageDirectory, 'files'), { recursive: true, mode: 0o700 });
  for (const path of directories) await mkdir(toBuffer(joinPath(bytePath(copy.target), path)), { mode: 0o700 });
  const copied = await copyFiles(copy, leaves);
  throwProblems(source, copy.problems);
  const made = await finishDirectories(copy, directories);
  await syncFileSystem(copy);
  const files = copied.filter(({ type }) => type === 'file');
  const bytes = files.reduce((sum, entry) => sum + (entry.bytes ?? 0), 0);
  return { facts: { kind: 'files', base: source.base, files: files.length, bytes }, entries: [...made, ...copied] };
}

async function finishDirectories(copy: FilesCopy, directories: readonly BytePath[]): Promise<ManifestEntry[]> {
  copy.context.report({ phase: 'attributes' });
  const complaint = await copyDirectoryAttributes(copy, directories);
  if (complaint !== '') {
    copy.context.warn(`files/${copy.source.name}: not all attributes of directories could be kept: ${complaint}`);
  }
  const entries: ManifestEntry[] = [];
  // One after the other, from the top: a directory has to be entered before what it holds can be looked at.
  for (const path of directories) {
    const staged = toBuffer(joinPath(bytePath(copy.target), path));
    await requireDirectory(copy, path);
    const stat = await ensureReadable(staged, await lstat(staged, { bigint: true }));
    entries.push(manifestEntry(joinPath(bytePath(`files/${copy.source.name}`), path), stat, { type: 'directory' }));
  }
  return entries;
}

/** A directory that has just become something else has become that in the stage too, where nothing was in it. */
async function requireDirectory(copy: FilesCopy, path: BytePath): Promise<void> {
  const staged = toBuffer(joinPath(bytePath(copy.target), path));
  if ((await lstat(staged)).isDirectory()) return;
  await rm(staged);
  await mkdir(staged, { mode: 0o700 });
  copy.context.warn(`files/${copy.source.name}: directory ${displayPath(path)} was replaced while it was copied.`);
}

/** One sync for all files: syncing each of many small ones takes a hundred times as long. */
async function syncFileSystem(copy: FilesCopy): Promise<void> {
  copy.context.report({ phase: 'sync' });
  const result = await copy.programs.run({
    program: 'sync',
    args: ['--file-system', copy.target],
    progress: 'none',
    signal: copy.signal,
  });
  if (result.exitCode !== 0) throw new Error(`the stage could not be synced to the disk: ${result.stderr}`);
}
