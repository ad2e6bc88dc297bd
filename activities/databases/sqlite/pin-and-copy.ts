import { constants } from 'node:fs';
import { chmod, copyFile, rm } from 'node:fs/promises';
import { sourceId } from '../../../contract/backup.ts';
import { ProgramKilled } from '../../../process/errors.ts';
import { PhaseError } from '../../phase-error.ts';
import { copyFileHashed, type HashResult, hashFile } from '../../stage/copy-file.ts';
import { ConnectionLost } from './connection.ts';
import { type DatabaseFile, inspectDatabaseFile } from './database-file.ts';
import type { DumpJob, RawDump } from './dump-job.ts';
import { type Pin, takePin } from './pin.ts';
import { copyPlain, syncFile } from './plain-file.ts';
import { explain } from './sqlite-failure.ts';
import { requireShortStall } from './writer-stall.ts';

const MAX_ATTEMPTS = 3;

/** The copy is not the pinned state: the pin died, or another file took the database's name. */
class CopyWorthless extends Error {
  override readonly name = 'CopyWorthless';
}

/**
 * Copies the main file byte by byte, by a reflink where the file system has them, while a pin keeps it frozen.
 *
 * @returns why the database cannot be pinned, where it cannot.
 * @throws {PhaseError} SourceUnavailable when the pin died each time; ConfigInvalid when writers would wait too long.
 */
export async function pinAndCopy(job: DumpJob): Promise<RawDump | { unpinnable: string }> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await copyPinned(job);
    } catch (error) {
      if (!(error instanceof CopyWorthless)) throw error;
      await rm(job.partial, { force: true });
      if (attempt < MAX_ATTEMPTS) continue;
      throw new PhaseError(
        'SourceUnavailable',
        `${sourceId(job.source)}: ${job.source.path} could not be copied in one piece in ${MAX_ATTEMPTS} attempts: ${error.message}. ` +
          'See what ends the sqlite3 of the worker (memory limit?) or replaces the file. The backup is tried again.',
      );
    }
  }
}

async function copyPinned(job: DumpJob): Promise<RawDump | { unpinnable: string }> {
  const { context, source } = job;
  context.report({ phase: 'pin', bytesTotal: job.file.bytes });
  const before = await inspectDatabaseFile(source);
  const result = await takePin(job.programs, source.path, context.signal).catch((error: unknown) => {
    if (error instanceof ProgramKilled) throw new CopyWorthless('the pin died', { cause: error });
    throw explain(source, 'reading', error);
  });
  if ('unpinnable' in result) return result;
  const { pin } = result;
  try {
    // Only now is the size final. The name must still mean the file that sqlite3 opened in between.
    const file = await inspectDatabaseFile(source);
    requireSameFile(before, file);
    const copy = await copyFrozen(job, file);
    // Writers wait for the copy alone, not for the disk or the verification.
    await letGo(job, file, pin);
    await syncFile(job.partial, context.signal);
    const hash = copy.hash ?? (await hashFile(job.partial, progressOf(job, file)));
    if (hash.bytes !== file.bytes) throw new CopyWorthless(`it has ${hash.bytes} bytes instead of ${file.bytes}`);
    return { ...hash, method: copy.method, journalMode: pin.journalMode };
  } finally {
    await pin.close();
  }
}

interface FrozenCopy {
  method: string;
  /** Undefined where the copy is still to be hashed. */
  hash?: HashResult;
}

/** @throws {PhaseError} ConfigInvalid when writers would wait too long. */
async function copyFrozen(job: DumpJob, file: DatabaseFile): Promise<FrozenCopy> {
  const { partial, source } = job;
  if (await reflink(source.path, partial)) return { method: 'pin and reflink' };
  const method = 'pin and copy';
  const progress = progressOf(job, file);
  progress.onProgress(0);
  if (file.isWal) return { method, hash: await copyFileHashed(source.path, partial, { ...progress, withoutSync: true }) };
  // Hashing on the way would make its writers wait three times as long.
  requireShortStall(source, file);
  await copyPlain(source.path, partial, progress);
  return { method };
}

/** @returns whether the file system could share blocks between the two places. */
async function reflink(source: string, target: string): Promise<boolean> {
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

/** Asks the pin once more and releases it. */
async function letGo(job: DumpJob, file: DatabaseFile, pin: Pin): Promise<void> {
  requireSameFile(file, await inspectDatabaseFile(job.source));
  await pin.confirm().catch((error: unknown) => {
    if (error instanceof ConnectionLost || error instanceof ProgramKilled)
      throw new CopyWorthless('the pin died during the copy', { cause: error });
    throw error;
  });
}

function requireSameFile(before: DatabaseFile, after: DatabaseFile): void {
  if (before.identity !== after.identity) throw new CopyWorthless('another file took its name meanwhile');
}

function progressOf(job: DumpJob, file: DatabaseFile): { signal: AbortSignal; onProgress: (bytesDone: number) => void } {
  const bytesTotal = file.bytes;
  return {
    signal: job.context.signal,
    onProgress: (bytes) => {
      const bytesDone = Math.min(bytes, bytesTotal);
      job.context.report({ phase: 'copy', percent: Math.floor((bytesDone / bytesTotal) * 100), bytesDone, bytesTotal });
    },
  };
}
