import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FilesSource } from '../../config/types.ts';
import { type RunReference, sourceId } from '../../contract/backup.ts';
import type { Programs } from '../../process/programs.ts';
import type { PhaseContext } from '../phase.ts';
import { PhaseError } from '../phase-error.ts';
import { ancestorsOf, type BytePath, bytePath, displayPath, joinPath, toBuffer } from '../stage/byte-path.ts';
import { copyDirectoryAttributes } from '../stage/copy-attributes.ts';
import type { Manifest } from '../stage/manifest.ts';
import { putBackSource } from './put-back-source.ts';
import { requireRoom } from './room.ts';
import { kindAt, makeParents, raw, type Swap } from './swap.ts';
import { swapRoots } from './swap-roots.ts';

export interface FilesJob {
  source: FilesSource;
  manifest: Manifest;
  tree: string;
  run: RunReference;
  programs: Programs;
  /** Absolute paths that must not be moved aside with a directory: databases of any plan. */
  databases: readonly string[];
}

/** Puts the files of a source back below its base. @throws {PhaseError} ConfigInvalid, DiskFull */
export async function putBackFiles(job: FilesJob, context: PhaseContext): Promise<string[]> {
  const { source, tree, run } = job;
  return putBackSource({
    tree,
    run,
    source: sourceId(source),
    plan: async () => {
      await requireRoom(source.base, job.manifest.sources[sourceId(source)]?.bytes ?? 0, `files/${source.name}`);
      return Promise.all(swapRoots(source, job.manifest).map((root) => planSwap(job, root)));
    },
    prepare: (swap, draft) => prepare(job, swap, draft, context),
    beforeSwap: async (swaps) => {
      for (const { place } of swaps) forbidDatabases(job, place);
    },
  });
}

/** What putting a source back would move aside. */
export async function filesInTheWay(job: Pick<FilesJob, 'source' | 'manifest' | 'databases'>): Promise<BytePath[]> {
  const places = swapRoots(job.source, job.manifest).map((root) => joinPath(bytePath(job.source.base), root));
  const kinds = await Promise.all(places.map((place) => kindAt(place)));
  const inTheWay = places.filter((_, index) => kinds[index] !== 'none');
  for (const place of inTheWay) forbidDatabases(job, place);
  return inTheWay;
}

async function planSwap(job: FilesJob, root: BytePath): Promise<Swap> {
  await requireDirectories(job.source, root);
  const place = joinPath(bytePath(job.source.base), root);
  const old = await kindAt(place);
  const isNewDirectory = (await kindAt(treePath(job, root))) === 'directory';
  return { place, hadOld: old !== 'none', isDirectory: old === 'directory' || isNewDirectory };
}

function treePath({ tree, source }: FilesJob, root: BytePath): BytePath {
  return joinPath(bytePath(tree), bytePath(`files/${source.name}`), root);
}

/** A link on the way leads somewhere else than to where the backup had it from. */
async function requireDirectories(source: FilesSource, root: BytePath): Promise<void> {
  for (const ancestor of ancestorsOf(root)) {
    const place = joinPath(bytePath(source.base), ancestor);
    const found = await lstat(toBuffer(place)).catch(() => undefined);
    if (found === undefined || found.isDirectory()) continue;
    throw new PhaseError(
      'ConfigInvalid',
      `files/${source.name}: ${displayPath(place)} is no directory any more, so ${displayPath(root)} cannot go back there. Move it away first, or restore without in_place.`,
    );
  }
}

/** A directory takes all that is in it along when it is moved aside, and a database must not vanish under its service. */
function forbidDatabases({ source, databases }: Pick<FilesJob, 'source' | 'databases'>, place: string): void {
  const database = databases.find((path) => bytePath(path).startsWith(`${place}/`));
  if (database === undefined) return;
  throw new PhaseError(
    'ConfigInvalid',
    `files/${source.name}: ${displayPath(place as BytePath)} holds the database ${database}, which would be moved aside with it. Restore without in_place and copy what you need.`,
  );
}

async function prepare(job: FilesJob, swap: Swap, draft: string, context: PhaseContext): Promise<void> {
  const { programs, source } = job;
  const root = swap.place.slice(bytePath(source.base).length + (source.base.endsWith('/') ? 0 : 1)) as BytePath;
  context.report({ phase: 'copy', currentItem: displayPath(root) });
  await restoreParents(job, root, context);
  const copied = await programs.run({
    program: 'xargs',
    args: ['--null', '--', 'cp', '--archive', '--reflink=auto', '--no-target-directory', '--'],
    input: Buffer.concat([toBuffer(treePath(job, root)), Buffer.from([0]), raw(draft), Buffer.from([0])]),
    subject: swap.place,
    signal: context.signal,
  });
  if (copied.exitCode !== 0) throw copyFailed(source, copied.stderr);
  const synced = await programs.run({
    program: 'sync',
    args: ['--file-system', source.base],
    // It only waits, for as long as the disk needs.
    progress: 'none',
    signal: context.signal,
  });
  if (synced.exitCode !== 0) throw copyFailed(source, synced.stderr);
}

/** Directories that lead to it and are gone come back as they were. */
async function restoreParents(job: FilesJob, root: BytePath, context: PhaseContext): Promise<void> {
  const { source, programs, tree } = job;
  const base = bytePath(source.base);
  const ancestors = ancestorsOf(root);
  const kinds = await Promise.all(ancestors.map((ancestor) => kindAt(joinPath(base, ancestor))));
  const missing = ancestors.filter((_, index) => kinds[index] === 'none').toReversed();
  await makeParents(joinPath(base, root));
  if (missing.length === 0) return;
  const from = join(tree, 'files', source.name);
  await copyDirectoryAttributes({ base: from, target: source.base, programs, signal: context.signal }, missing);
}

function copyFailed(source: FilesSource, stderr: string): PhaseError {
  const isFull = /No space left on device|Disk quota exceeded/.test(stderr);
  return new PhaseError(
    isFull ? 'DiskFull' : 'ConfigInvalid',
    `files/${source.name}: nothing was replaced, because copying to below ${source.base} failed: ${stderr}`,
  );
}
