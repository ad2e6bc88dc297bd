import { constants } from 'node:fs';
import { chmod, copyFile, rm } from 'node:fs/promises';
import { copyFileHashed, type HashOptions, type HashResult, hashFile } from '../../stage/copy-file.ts';
import type { DatabaseFile } from './database-file.ts';
import type { DumpJob, RawDump } from './dump-job.ts';
import { PageSampler } from './page-sampler.ts';
import { copyPlain, syncFile } from './plain-file.ts';
import { CopyWorthless, type PinJob, type Pinned, whilePinned } from './while-pinned.ts';
import { requireShortStall } from './writer-stall.ts';

/**
 * Copies the main file byte by byte, by a reflink where the file system has them, while a pin keeps it frozen.
 *
 * @returns why the database cannot be pinned, where it cannot.
 * @throws {PhaseError} SourceUnavailable when the pin died each time; ConfigInvalid when writers would wait too long.
 */
export async function pinAndCopy(job: DumpJob): Promise<RawDump | { unpinnable: string }> {
  return whilePinned(job, {
    body: (pinned) => copyPinned(job, pinned),
    discard: () => rm(job.partial, { force: true }),
  });
}

async function copyPinned(job: DumpJob, { file, pin, letGo }: Pinned): Promise<RawDump> {
  const sampler = new PageSampler();
  const onChunk = (chunk: Uint8Array, offset: number) => sampler.take(chunk, offset);
  const copy = await copyFrozen(job, file, onChunk);
  // Writers wait for the copy alone, not for the disk or the verification.
  await letGo();
  await syncFile(job.partial, job.context.signal);
  const hash = copy.hash ?? (await hashFile(job.partial, { ...progressOf(job, file), onChunk }));
  if (hash.bytes !== file.bytes) throw new CopyWorthless(`it has ${hash.bytes} bytes instead of ${file.bytes}`);
  return { ...hash, method: copy.method, journalMode: pin.journalMode, sample: sampler.finish() };
}

interface FrozenCopy {
  method: string;
  /** Undefined where the copy is still to be hashed. */
  hash?: HashResult;
}

/** @throws {PhaseError} ConfigInvalid when writers would wait too long. */
async function copyFrozen(job: DumpJob, file: DatabaseFile, onChunk: NonNullable<HashOptions['onChunk']>): Promise<FrozenCopy> {
  const { partial, source } = job;
  if (await reflink(source.path, partial)) return { method: 'pin and reflink' };
  const method = 'pin and copy';
  const progress = progressOf(job, file);
  progress.onProgress(0);
  if (file.isWal) {
    return { method, hash: await copyFileHashed(source.path, partial, { ...progress, onChunk, withoutSync: true }) };
  }
  // Hashing on the way would make its writers wait three times as long.
  requireShortStall(source, file);
  await copyPlain(source.path, partial, progress);
  return { method };
}

/** @returns whether the file system could share blocks between the two places. */
export async function reflink(source: string, target: string): Promise<boolean> {
  try {
    await copyFile(source, target, constants.COPYFILE_FICLONE_FORCE);
    await chmod(target, 0o600);
    return true;
  } catch {
    // A true obstacle, such as a full disk, comes up again in the plain copy, which can name it.
    await rm(target, { force: true });
    return false;
  }
}

/** Reports how far a file was read, as `phase`. */
export function progressOf(
  job: PinJob,
  file: DatabaseFile,
  phase = 'copy',
): { signal: AbortSignal; onProgress: (bytesDone: number) => void } {
  const bytesTotal = file.bytes;
  return {
    signal: job.context.signal,
    onProgress: (bytes) => {
      const bytesDone = Math.min(bytes, bytesTotal);
      job.context.report({ phase, percent: Math.floor((bytesDone / bytesTotal) * 100), bytesDone, bytesTotal });
    },
  };
}
