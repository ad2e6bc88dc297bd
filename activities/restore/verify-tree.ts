import type { BigIntStats } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import type { PhaseContext } from '../phase.ts';
import { type BytePath, bytePath, displayPath, joinPath, parentOf, toBuffer } from '../stage/byte-path.ts';
import { type HashOptions, hashFile } from '../stage/copy-file.ts';
import type { Manifest, ManifestEntry } from '../stage/manifest.ts';
import { entryPath, entryTarget, manifestEntry } from '../stage/manifest-entry.ts';
import { mapConcurrently } from '../stage/map-concurrently.ts';
import { kindBeneath, kindOf } from '../stage/open-beneath.ts';
import { entriesOf } from './source-entries.ts';

/** One entry that is not as it was backed up. */
export interface TreeProblem {
  /** Relative to the tree, as messages show it. */
  path: string;
  /** For example `is missing`, `has mode 0644, not 0640`. */
  problem: string;
}

export interface TreeReport {
  /** Regular files that were compared. */
  files: number;
  /** Bytes that they should have. */
  bytes: number;
  problems: TreeProblem[];
}

/** Hashing is bound by the disk and one core; more at once would only hold more memory. */
const CONCURRENCY = 2;

/**
 * Compares each entry of a manifest with what lies in a restored tree: type, size, SHA-256, link target, mode and time.
 *
 * A difference is part of the report and never thrown.
 *
 * @throws the signal's reason
 */
export async function verifyTree(
  options: {
    directory: string;
    manifest: Manifest;
    /** Ids of the sources that were restored, `sqlite/tracker`. Default: all. */
    only?: ReadonlySet<string>;
    /** Files whose content is proven in another way. */
    unhashed?: (entry: ManifestEntry) => boolean;
  },
  context: PhaseContext,
): Promise<TreeReport> {
  const entries = entriesOf(options.manifest, options.only);
  const root = bytePath(options.directory);
  const files = entries.filter(({ type }) => type === 'file');
  const bytesTotal = files.reduce((sum, { bytes = 0 }) => sum + bytes, 0);
  const isReachable = rememberDirectories(root);
  let bytesDone = 0;
  const found = await mapConcurrently(entries, CONCURRENCY, async (entry) => {
    context.signal.throwIfAborted();
    const report = (ofThisFile: number) =>
      context.report({ phase: 'verify', ...share(bytesDone + ofThisFile, bytesTotal), currentItem: entry.path });
    const hashing = { signal: context.signal, onProgress: report };
    const problems = (await isReachable(parentOf(entryPath(entry))))
      ? await compareEntry(root, entry, options.unhashed?.(entry) === true ? undefined : hashing)
      : ['lies behind a symbolic link'];
    bytesDone += entry.bytes ?? 0;
    report(0);
    return problems.map((problem) => ({ path: displayPath(entryPath(entry)), problem }));
  });
  return { files: files.length, bytes: bytesTotal, problems: found.flat() };
}

function share(bytesDone: number, bytesTotal: number): { percent: number; bytesDone: number; bytesTotal: number } {
  return { percent: bytesTotal === 0 ? 100 : Math.min(100, Math.floor((100 * bytesDone) / bytesTotal)), bytesDone, bytesTotal };
}

/**
 * Says of a directory of the tree whether it is one itself: a link in its place, or above it, would show files that lie elsewhere.
 * What is not there at all is another problem.
 */
function rememberDirectories(root: BytePath): (path: BytePath) => Promise<boolean> {
  const known = new Map<BytePath, Promise<boolean>>();
  const look = async (path: BytePath): Promise<boolean> => {
    if (path === '') return true;
    return (await isReachable(parentOf(path))) && (await kindBeneath(root, path)) !== 'symlink';
  };
  const isReachable = (path: BytePath): Promise<boolean> => {
    const answer = known.get(path) ?? look(path);
    known.set(path, answer);
    return answer;
  };
  return isReachable;
}

/** Without options its content is not read. */
async function compareEntry(root: BytePath, entry: ManifestEntry, options: HashOptions | undefined): Promise<string[]> {
  const path = toBuffer(joinPath(root, entryPath(entry)));
  try {
    const stat = await lstat(path, { bigint: true });
    const kind = kindOf(stat);
    if (kind !== entry.type) return [`is a ${kind}, not a ${entry.type}`];
    return [...(await compareContent(path, entry, stat, options)), ...compareAttributes(entry, stat)];
  } catch (error) {
    options?.signal.throwIfAborted();
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return [code === 'ENOENT' || code === 'ENOTDIR' ? 'is missing' : `cannot be read (${code}: ${message})`];
  }
}

async function compareContent(
  path: Buffer,
  entry: ManifestEntry,
  stat: BigIntStats,
  options: HashOptions | undefined,
): Promise<string[]> {
  if (entry.type === 'symlink') {
    const target = bytePath(await readlink(path, { encoding: 'buffer' }));
    return target === entryTarget(entry) ? [] : [`points to ${displayPath(target)}, not to ${displayPath(entryTarget(entry))}`];
  }
  if (entry.type === 'directory') return [];
  if (Number(stat.size) !== entry.bytes) return [`has ${stat.size} bytes, not ${entry.bytes}`];
  if (options === undefined) return [];
  const { sha256 } = await hashFile(path, options);
  return sha256 === entry.sha256 ? [] : [`has SHA-256 ${sha256}, not ${entry.sha256}`];
}

function compareAttributes(entry: ManifestEntry, stat: BigIntStats): string[] {
  const actual = manifestEntry(entryPath(entry), stat, { type: 'directory' });
  const problems: string[] = [];
  // Linux gives every symbolic link the mode 0777.
  if (entry.type !== 'symlink' && actual.mode !== entry.mode) problems.push(`has mode ${actual.mode}, not ${entry.mode}`);
  if (actual.mtime !== entry.mtime) problems.push(`was changed at ${actual.mtime}, not at ${entry.mtime} (seconds since 1970)`);
  return problems;
}
