import { setTimeout as sleep } from 'node:timers/promises';
import type { Programs } from '../../../process/programs.ts';
import { type Connection, ConnectionLost, connect, databaseUri, type Row, withConnection } from './connection.ts';

/** A read transaction in a sqlite3 child. While it holds, the main file does not change and is one consistent state. */
export interface Pin {
  readonly journalMode: string;
  /** Asks the pinned state. A statement that fails ends the pin. @throws {ConnectionLost} */
  query(sql: string): Promise<Row[]>;
  /**
   * Asks whether the pin held all the time, and lets go of it.
   *
   * @throws {ConnectionLost} when it did not: what was copied meanwhile is worthless.
   */
  confirm(): Promise<void>;
  close(): Promise<void>;
}

/** `why` says what kept the main file from holding a whole state. */
export type PinResult = { pin: Pin } | { unpinnable: string };

const MAX_ATTEMPTS = 12;
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 1_000;

/** The first read takes the lock; before it, a rollback journal that a crashed writer left is played back (mode=rw may do so). */
const TAKE = 'BEGIN;\nSELECT count(*) AS n FROM sqlite_schema;\nPRAGMA journal_mode;';

/**
 * Freezes the main file of a live database, by plain sqlite3 and without a change to it.
 *
 * Rollback journal: the transaction's SHARED lock keeps writers from the file. Write-ahead log: writers go on in the log, and no
 * checkpoint passes the oldest reader (sqlite.org/wal.html, "Checkpointing"), so the file keeps still. That it holds the whole
 * state shows a checkpoint right after the pin that answers `0|N|N`: nothing was in the log beyond what it wrote back. A commit that
 * slipped in between, or an older reader, makes another answer, and it is tried again.
 *
 * @throws {ConnectionLost} when sqlite3 cannot read the database.
 */
export async function takePin(programs: Programs, path: string, signal: AbortSignal): Promise<PinResult> {
  const uri = databaseUri(path, 'rw');
  const reader = await connect(programs, uri, signal);
  try {
    const journalMode = await take(reader);
    if (journalMode === 'wal') {
      const unpinnable = await withConnection(
        () => connect(programs, uri, signal),
        (checkpointer) => pinWal(reader, checkpointer, signal),
      );
      if (unpinnable !== undefined) {
        await reader.close();
        return { unpinnable };
      }
    }
    return {
      pin: { journalMode, query: (sql) => reader.query(sql), confirm: () => confirm(reader), close: () => reader.close() },
    };
  } catch (error) {
    await reader.close();
    throw error;
  }
}

async function take(reader: Connection): Promise<string> {
  const rows = await reader.query(TAKE);
  return String(rows[1]?.['journal_mode']);
}

/** COMMIT fails unless the transaction was open until now. */
async function confirm(reader: Connection): Promise<void> {
  await reader.query('SELECT count(*) AS n FROM sqlite_schema;\nCOMMIT;');
  await reader.close();
}

/** Pins again and again until the file holds the whole state. Returns why not, if it never does. */
async function pinWal(reader: Connection, checkpointer: Connection, signal: AbortSignal): Promise<string | undefined> {
  let pauseMs = FIRST_PAUSE_MS;
  for (let attempt = 1; ; attempt++) {
    await reader.query('COMMIT;\nBEGIN;');
    // Writes back what there is beforehand, so that next to nothing is left for the checkpoint that is the proof.
    await checkpoint(checkpointer);
    await reader.query('SELECT count(*) AS n FROM sqlite_schema;');
    const obstacle = await checkpoint(checkpointer);
    if (obstacle === undefined) return undefined;
    if (obstacle.isLasting) return obstacle.why;
    if (attempt === MAX_ATTEMPTS) return `it could not be pinned in ${attempt} attempts: ${obstacle.why}`;
    await reader.query('COMMIT;\nBEGIN;');
    await sleep(pauseMs, undefined, { signal });
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

interface Obstacle {
  why: string;
  /** Another attempt would meet it again. */
  isLasting: boolean;
}

/** Writes the log back to the main file. Returns undefined when all of it is there, else why it is not. */
async function checkpoint(checkpointer: Connection): Promise<Obstacle | undefined> {
  try {
    const [row] = await checkpointer.query('PRAGMA wal_checkpoint(PASSIVE);');
    const { busy, log, checkpointed } = row ?? {};
    if (busy !== 0) return { why: 'another process writes the log back all the time', isLasting: false };
    if (log === checkpointed) return undefined;
    const why = `${String(checkpointed)} of ${String(log)} pages of the log were written back; an older reader or quick commits hold it up`;
    return { why, isLasting: false };
  } catch (error) {
    // A file that may only be read cannot be checkpointed, but it can be read.
    if (error instanceof ConnectionLost) return { why: error.message, isLasting: true };
    throw error;
  }
}
