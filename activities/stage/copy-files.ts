import type { BigIntStats } from 'node:fs';
import { type FileHandle, lstat, open, readlink, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FilesSource } from '../../config/types.ts';
import type { PhaseContext } from '../phase.ts';
import { PhaseError } from '../phase-error.ts';
import { type BytePath, bytePath, displayPath, joinPath, toBuffer } from './byte-path.ts';
import { type AttributesCopy, copyFileAttributes } from './copy-attributes.ts';
import { copyHandleHashed, type HashResult } from './copy-file.ts';
import { ensureReadable } from './ensure-readable.ts';
import type { ManifestEntry } from './manifest.ts';
import { type EntryContent, manifestEntry } from './manifest-entry.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { kindOf, openFileBeneath } from './open-beneath.ts';
import { type SourceProblems, sourceTrouble } from './source-problems.ts';

/** Files whose attributes are copied by one call; the fewer, the shorter the time in which a live file can change. */
const BATCH = 512;
const CONCURRENCY = 8;
/** A live log is copied so many times, and then kept as it is. */
const ATTEMPTS = 3;
const PAUSE_MS = 50;

export interface FilesCopy extends AttributesCopy {
  source: FilesSource;
  /** Real path of the source's base. */
  root: BytePath;
  context: PhaseContext;
  problems: SourceProblems;
  /** Counted over the whole source. */
  progress: { filesDone: number; filesTotal: number; bytesDone: number };
}

export interface LeafItem {
  path: BytePath;
  kind: 'file' | 'symlink';
}

/** What was read of an item: for a file its digest and what it looked like before. */
interface Copied extends LeafItem {
  file?: HashResult & { before: BigIntStats };
}

type Settled = { state: 'kept' | 'changed'; entry: ManifestEntry } | { state: 'gone' };

/**
 * Copies files and symbolic links into directories that are there already, and describes them for the manifest.
 *
 * A file that changed in the meantime is copied again, at last kept with a warning; one that vanished is left out with a
 * warning; what cannot be read is added to `problems`.
 *
 * @throws {PhaseError} DiskFull; the signal's reason
 */
export async function copyFiles(copy: FilesCopy, items: readonly LeafItem[]): Promise<ManifestEntry[]> {
  const entries: ManifestEntry[] = [];
  for (let start = 0; start < items.length; start += BATCH) {
    let pending: readonly LeafItem[] = items.slice(start, start + BATCH);
    for (let attempt = 1; pending.length > 0; attempt += 1) {
      if (attempt > 1) await pause(copy.signal);
      const copied = await copyContents(copy, pending);
      const settled = await settleAll(copy, copied);
      pending = await sortOut(copy, settled, { entries, isLast: attempt === ATTEMPTS });
    }
  }
  return entries;
}

async function copyContents(copy: FilesCopy, items: readonly LeafItem[]): Promise<Copied[]> {
  const copied = await mapConcurrently(items, CONCURRENCY, (item) => copyContent(copy, item));
  return copied.filter((item) => item !== undefined);
}

async function copyContent(copy: FilesCopy, item: LeafItem): Promise<Copied | undefined> {
  copy.signal.throwIfAborted();
  // cp makes the links, together with their times.
  if (item.kind === 'symlink') return item;
  try {
    const from = await openFileBeneath(copy.root, item.path);
    try {
      const before = await from.stat({ bigint: true });
      if (!before.isFile()) return noteGone(copy, item.path);
      return { ...item, file: { ...(await writeTarget(copy, item.path, { from, before })), before } };
    } finally {
      await from.close();
    }
  } catch (error) {
    if (error instanceof PhaseError || copy.signal.aborted) throw error;
    const trouble = sourceTrouble(error);
    if (trouble.kind === 'gone') return noteGone(copy, item.path);
    copy.problems.unreadable.push({ path: item.path, code: trouble.code });
    return undefined;
  }
}

async function writeTarget(
  copy: FilesCopy,
  path: BytePath,
  { from, before }: { from: FileHandle; before: BigIntStats },
): Promise<HashResult> {
  const target = targetPath(copy, path);
  let bytesSeen = 0;
  try {
    const to = await open(target, 'wx', 0o600);
    try {
      return await copyHandleHashed(from, to, {
        signal: copy.signal,
        expectedBytes: Number(before.size),
        onProgress: (bytes) => {
          reportProgress(copy, path, bytes - bytesSeen);
          bytesSeen = bytes;
        },
      });
    } finally {
      await to.close();
    }
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === undefined || syscall === 'read') throw error;
    const isFull = code === 'ENOSPC' || code === 'EDQUOT';
    throw isFull
      ? new PhaseError('DiskFull', `the disk of ${copy.target} is full. Free some space: the run goes on by itself.`)
      : new PhaseError(
          'Unexpected',
          `${displayPath(bytePath(target))} cannot be written (${code}). Check the staging directory.`,
        );
  }
}

/** Copies the attributes, and compares each original with what it was before the copy. */
async function settleAll(copy: FilesCopy, copied: readonly Copied[]): Promise<(Settled & { item: LeafItem })[]> {
  const paths = copied.map(({ path }) => path);
  const complaint = await copyFileAttributes(copy, paths);
  const settled = await mapConcurrently(copied, CONCURRENCY, async (item) => ({
    item,
    ...(await settle(copy, item, complaint)),
  }));
  if (complaint !== '' && settled.every(({ state }) => state === 'kept')) {
    copy.context.warn(`files/${copy.source.name}: not all modes, owners and times could be kept: ${complaint}`);
  }
  return settled;
}

async function settle(copy: FilesCopy, item: Copied, complaint: string): Promise<Settled> {
  const target = targetPath(copy, item.path);
  const after = await statOrGone(toBuffer(joinPath(copy.root, item.path)));
  if (after === undefined) return { state: 'gone' };
  const staged = await statOrGone(target);
  if (staged === undefined) throw new Error(`cp did not make ${displayPath(bytePath(target))}: ${complaint}`);
  if (kindOf(staged) !== item.kind) return { state: 'gone' };
  const content: EntryContent =
    item.file === undefined
      ? { type: 'symlink', target: bytePath(await readlink(target, { encoding: 'buffer' })) }
      : { type: 'file', bytes: item.file.bytes, sha256: item.file.sha256 };
  const stagePath = joinPath(bytePath(`files/${copy.source.name}`), item.path);
  const entry = manifestEntry(stagePath, await ensureReadable(target, staged), content);
  const isSame = item.file === undefined || isUnchanged(item.file.before, after);
  return { state: isSame ? 'kept' : 'changed', entry };
}

/** Keeps what is final, and returns what is to be copied again. */
async function sortOut(
  copy: FilesCopy,
  settled: readonly (Settled & { item: LeafItem })[],
  { entries, isLast }: { entries: ManifestEntry[]; isLast: boolean },
): Promise<LeafItem[]> {
  const again: LeafItem[] = [];
  for (const { item, ...result } of settled) {
    if (result.state === 'changed' && !isLast) again.push(item);
    if (result.state === 'gone') noteGone(copy, item.path);
    if (result.state === 'gone' || (result.state === 'changed' && !isLast)) {
      await rm(targetPath(copy, item.path), { recursive: true, force: true });
      continue;
    }
    if (result.state === 'changed') {
      copy.context.warn(`files/${copy.source.name}: ${displayPath(item.path)} kept changing while it was copied.`);
    }
    entries.push(result.entry);
    copy.progress.filesDone += 1;
  }
  return again;
}

function noteGone(copy: FilesCopy, path: BytePath): undefined {
  copy.context.warn(
    `files/${copy.source.name}: ${displayPath(path)} vanished or was replaced while it was copied, and is left out.`,
  );
}

/** atime is left out: our own reading changes it. */
function isUnchanged(before: BigIntStats, after: BigIntStats): boolean {
  return (['dev', 'ino', 'size', 'mtimeNs', 'ctimeNs'] as const).every((field) => before[field] === after[field]);
}

async function statOrGone(path: Buffer): Promise<BigIntStats | undefined> {
  return lstat(path, { bigint: true }).catch((error: unknown) => {
    if (sourceTrouble(error).kind === 'gone') return undefined;
    throw error;
  });
}

function reportProgress(copy: FilesCopy, path: BytePath, newBytes: number): void {
  const { progress } = copy;
  progress.bytesDone += newBytes;
  const percent = Math.floor((100 * progress.filesDone) / progress.filesTotal);
  copy.context.report({ phase: 'copy', percent, bytesDone: progress.bytesDone, currentItem: displayPath(path) });
}

async function pause(signal: AbortSignal): Promise<void> {
  await sleep(PAUSE_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
}

function targetPath(copy: FilesCopy, path: BytePath): Buffer {
  return toBuffer(joinPath(bytePath(copy.target), path));
}
