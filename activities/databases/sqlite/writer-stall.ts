import type { SqliteSource } from '../../../config/types.ts';
import { sourceId } from '../../../contract/backup.ts';
import { PhaseError } from '../../phase-error.ts';
import type { DatabaseFile } from './database-file.ts';

/** Writers of common drivers give up after 5 s (rusqlite's and Python's default busy timeout); this leaves a margin. */
export const STALL_LIMIT_MS = 4_000;

/**
 * Bytes a second that a source is read with while its writers wait, at the least: a copy to a small cloud disk. Measured from the
 * page cache to a fast disk are about 3 times as much for a copy and for VACUUM INTO, and 2 times for SQL text.
 */
const RATES: Readonly<Record<SqliteSource['method'], number>> = {
  auto: 150 * 1024 * 1024,
  // Hashed, and its rows counted, while it keeps still.
  incremental: 100 * 1024 * 1024,
  vacuum_into: 100 * 1024 * 1024,
  sql: 40 * 1024 * 1024,
};

/** How long writers would wait for a dump, in milliseconds; 0 with a write-ahead log, where readers and writers do not meet. */
export function estimateStallMs(source: SqliteSource, file: DatabaseFile): number {
  return file.isWal ? 0 : Math.round((file.bytes / RATES[source.method]) * 1000);
}

/** What an operator can do about a stall. */
export function stallAdvice(source: SqliteSource): string {
  return (
    `switch the database to WAL once (\`sqlite3 ${source.path} 'PRAGMA journal_mode=WAL'\`), or set \`allow_writer_stall: true\` ` +
    'and give the service a busy timeout that is longer. `method: vacuum_into` does not help: it holds the same lock'
  );
}

/** @throws {PhaseError} ConfigInvalid when writers would wait too long and nobody accepted that. */
export function requireShortStall(source: SqliteSource, file: DatabaseFile): void {
  const stallMs = estimateStallMs(source, file);
  if (stallMs <= STALL_LIMIT_MS || source.allowWriterStall) return;
  throw new PhaseError(
    'ConfigInvalid',
    `${sourceId(source)}: ${source.path} has a rollback journal and ${Math.round(file.bytes / 1024 ** 2)} MiB, so its writers would ` +
      `wait about ${Math.ceil(stallMs / 1000)} s for the copy, and may fail. To go on, ${stallAdvice(source)}.`,
  );
}
