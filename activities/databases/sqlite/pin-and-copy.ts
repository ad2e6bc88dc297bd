import { constants } from 'node:fs';
import { chmod, copyFile, rm } from 'node:fs/promises';
import { sourceId } from '../../../contract/backup.ts';
import { PhaseError } from '../../phase-error.ts';
import { copyFileHashed, type HashResult } from '../../stage/copy-file.ts';
import { ConnectionLost } from './connection.ts';
import { type DatabaseFile, inspectDatabaseFile } from './database-file.ts';
import type { DumpJob, RawDump } from './dump-job.ts';
import { hashSynced } from './hash-synced.ts';
import { type Pin, takePin } from './pin.ts';
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
    if (error instanceof ConnectionLost && error.stderr === '') throw new CopyWorthless('the pin died', { cause: error });
    throw explain(source, 'reading', error);
  });
  if ('unpinnable' in result) return result;
  const { pin } = result;
  try {
    // Only now is the size final. The name must still mean the file that sqlite3 opened in between.
    const file = await inspectDatabaseFile(source);
    requireSameFile(before, file);
    const copy = (await reflink(job, file, pin)) ?? (await copyBytes(job, file, pin));
    return { ...copy, journalMode: pin.journalMode };
  } finally {
    await pin.close();
  }
}

/** @returns undefined where the file system cannot share blocks between the two places. */
async function reflink(job: DumpJob, file: DatabaseFile, pin: Pin): Promise<Omit<RawDump, 'journalMode'> | undefined> {
  try {
    await copyFile(job.source.path, job.partial, constants.COPYFILE_FICLONE_FORCE);
    await chmod(job.partial, 0o600);
  } catch {
    // A true obstacle, such as a full disk, comes up again in the plain copy, which can name it.
    await rm(job.partial, { force: true });
    return undefined;
  }
  await letGo(job, file, pin);
  const hash = await hashSynced(job.partial, {
    signal: job.context.signal,
    onProgress: (bytesDone) => reportCopy(job, bytesDone, file.bytes),
  });
  return { ...requireWhole(hash, file), method: 'pin and reflink' };
}

async function copyBytes(job: DumpJob, file: DatabaseFile, pin: Pin): Promise<Omit<RawDump, 'journalMode'>> {
  requireShortStall(job.source, file);
  reportCopy(job, 0, file.bytes);
  const hash = await copyFileHashed(job.source.path, job.partial, {
    signal: job.context.signal,
    onProgress: (bytesDone) => reportCopy(job, bytesDone, file.bytes),
    onCopied: () => letGo(job, file, pin),
  });
  return { ...requireWhole(hash, file), method: 'pin and copy' };
}

/** Asks the pin once more and releases it, so that writers wait for the copy alone, not for the disk or the verification. */
async function letGo(job: DumpJob, file: DatabaseFile, pin: Pin): Promise<void> {
  requireSameFile(file, await inspectDatabaseFile(job.source));
  await pin.confirm().catch((error: unknown) => {
    if (error instanceof ConnectionLost) throw new CopyWorthless('the pin died during the copy', { cause: error });
    throw error;
  });
}

function requireSameFile(before: DatabaseFile, after: DatabaseFile): void {
  if (before.identity !== after.identity) throw new CopyWorthless('another file took its name meanwhile');
}

function requireWhole(copy: HashResult, file: DatabaseFile): HashResult {
  if (copy.bytes === file.bytes) return copy;
  throw new CopyWorthless(`the pinned file had ${file.bytes} bytes, its copy has ${copy.bytes}`);
}

function reportCopy(job: DumpJob, bytesDone: number, bytesTotal: number): void {
  const done = Math.min(bytesDone, bytesTotal);
  job.context.report({ phase: 'copy', percent: Math.floor((done / bytesTotal) * 100), bytesDone: done, bytesTotal });
}
