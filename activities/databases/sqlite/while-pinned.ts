import { sourceId } from '../../../contract/backup.ts';
import { ProgramKilled } from '../../../process/errors.ts';
import { PhaseError } from '../../phase-error.ts';
import { ConnectionLost } from './connection.ts';
import { type DatabaseFile, inspectDatabaseFile } from './database-file.ts';
import type { DumpJob } from './dump-job.ts';
import { type Pin, takePin } from './pin.ts';
import { explain } from './sqlite-failure.ts';

const MAX_ATTEMPTS = 3;

/** What was read is not the pinned state: the pin died, or another file took the database's name. */
export class CopyWorthless extends Error {
  override readonly name = 'CopyWorthless';
}

/** A database whose main file keeps still. */
export interface Pinned {
  pin: Pin;
  /** The file as it is now. */
  file: DatabaseFile;
  /** Asks the pin once more whether it held all the time, and releases it. @throws {CopyWorthless} */
  letGo: () => Promise<void>;
}

export type PinJob = Pick<DumpJob, 'programs' | 'source' | 'context' | 'file'>;

/**
 * Does something while a pin keeps the main file frozen, and again when that turned out worthless.
 *
 * @param options.discard removes what a worthless attempt left
 * @returns why the database cannot be pinned, where it cannot.
 * @throws {PhaseError} SourceUnavailable when the pin died each time
 */
export async function whilePinned<Result extends object>(
  job: PinJob,
  options: { body: (pinned: Pinned) => Promise<Result>; discard: () => Promise<void> },
): Promise<Result | { unpinnable: string }> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await pinOnce(job, options.body);
    } catch (error) {
      if (!(error instanceof CopyWorthless)) throw error;
      await options.discard();
      if (attempt < MAX_ATTEMPTS) continue;
      throw new PhaseError(
        'SourceUnavailable',
        `${sourceId(job.source)}: ${job.source.path} could not be copied in one piece in ${MAX_ATTEMPTS} attempts: ${error.message}. ` +
          'See what ends the sqlite3 of the worker (memory limit?) or replaces the file. The backup is tried again.',
      );
    }
  }
}

async function pinOnce<Result extends object>(
  job: PinJob,
  body: (pinned: Pinned) => Promise<Result>,
): Promise<Result | { unpinnable: string }> {
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
    return await body({ pin, file, letGo: () => letGo(job, file, pin) });
  } finally {
    await pin.close();
  }
}

async function letGo(job: PinJob, file: DatabaseFile, pin: Pin): Promise<void> {
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
