import type { SqliteSource } from '../../../config/types.ts';
import { sourceId } from '../../../contract/backup.ts';
import type { Finding } from '../../../contract/inspect.ts';
import { ProgramMissing } from '../../../process/errors.ts';
import type { Programs } from '../../../process/programs.ts';
import type { PhaseContext } from '../../phase.ts';
import { PhaseError } from '../../phase-error.ts';
import { connect, databaseUri, withConnection } from './connection.ts';
import { type DatabaseFile, inspectDatabaseFile } from './database-file.ts';
import { explain } from './sqlite-failure.ts';
import { OLDEST_SQLITE, requireSqlite } from './sqlite-version.ts';
import { estimateStallMs, STALL_LIMIT_MS, stallAdvice } from './writer-stall.ts';

/** A log beyond this, and beyond twice the database, is never written back: some reader never ends. */
const HUGE_WAL_BYTES = 1024 ** 3;

/** What is to be said of a source before a run. @throws only the signal's reason. */
export async function examine(programs: Programs, source: SqliteSource, context: PhaseContext): Promise<Finding[]> {
  const subject = sourceId(source);
  try {
    const version = await requireSqlite(programs, context.signal);
    const file = await inspectDatabaseFile(source);
    const journalMode = await readJournalMode(programs, source, context.signal);
    return [
      {
        level: 'ok',
        subject,
        message: `${source.path}: ${formatMiB(file.bytes)}, journal mode ${journalMode}, sqlite3 ${version}`,
      },
      ...judge(source, file),
    ];
  } catch (error) {
    context.signal.throwIfAborted();
    return [toFinding(subject, error)];
  }
}

async function readJournalMode(programs: Programs, source: SqliteSource, signal: AbortSignal): Promise<string> {
  try {
    return await withConnection(
      () => connect(programs, databaseUri(source.path, 'rw'), signal),
      async (connection) => {
        const rows = await connection.query('SELECT count(*) AS n FROM sqlite_schema;\nPRAGMA journal_mode;');
        return String(rows[1]?.['journal_mode']);
      },
    );
  } catch (error) {
    throw explain(source, 'reading', error);
  }
}

/** Warnings that follow from the file alone. */
export function judge(source: SqliteSource, file: DatabaseFile): Finding[] {
  const subject = sourceId(source);
  const findings: Finding[] = [];
  const stallMs = estimateStallMs(source, file);
  if (stallMs > STALL_LIMIT_MS) {
    const consequence = source.allowWriterStall
      ? 'which is accepted'
      : 'so it is refused unless the staging directory can share blocks';
    findings.push({
      level: 'warning',
      subject,
      message: `rollback journal: writers wait about ${Math.ceil(stallMs / 1000)} s for each backup, ${consequence}`,
      advice: `To change that, ${stallAdvice(source)}.`,
    });
  }
  if (file.walBytes > HUGE_WAL_BYTES && file.walBytes > 2 * file.bytes) {
    findings.push({
      level: 'warning',
      subject,
      message: `its WAL has grown to ${formatMiB(file.walBytes)} beside a database of ${formatMiB(file.bytes)}`,
      advice: `A reader that never ends holds it back. End it, then run \`sqlite3 ${source.path} 'PRAGMA wal_checkpoint(TRUNCATE)'\`.`,
    });
  }
  return findings;
}

function toFinding(subject: string, error: unknown): Finding {
  if (error instanceof ProgramMissing) {
    const advice = `Install sqlite3 ${OLDEST_SQLITE} or newer on the worker's machine.`;
    return { level: 'problem', subject, message: error.message, advice };
  }
  const message = error instanceof Error ? error.message : String(error);
  // A lock may be gone by the time of the backup, which is tried again until then.
  const isPassing = error instanceof PhaseError && error.type === 'SourceUnavailable';
  const advice =
    error instanceof PhaseError ? 'Do what the message says; without it the backup fails.' : "Check it on the worker's machine.";
  return { level: isPassing ? 'warning' : 'problem', subject, message, advice };
}

function formatMiB(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
