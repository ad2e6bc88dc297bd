import { open, stat } from 'node:fs/promises';
import { hashFile } from '../../stage/copy-file.ts';
import { connect, databaseUri, quoteText } from './connection.ts';
import type { DumpJob, RawDump } from './dump-job.ts';
import { syncFile } from './plain-file.ts';
import { explain } from './sqlite-failure.ts';
import { requireShortStall } from './writer-stall.ts';

const POLL_INTERVAL_MS = 500;

/**
 * Has sqlite3 write a new, compact database in one read transaction. It keeps user_version and application_id; the copy has a
 * rollback journal. It takes an existing file only if that is empty (sqlite.org/lang_vacuum.html).
 *
 * @throws {PhaseError} ConfigInvalid when writers would wait too long; SourceUnavailable, DumpRejected, DiskFull
 */
export async function vacuumInto(job: DumpJob, method: string): Promise<RawDump> {
  const { context, file, partial, source } = job;
  requireShortStall(source, file);
  // Made beforehand for its mode: sqlite3 would let others read it.
  await (await open(partial, 'wx', 0o600)).close();
  const connection = await connect(job.programs, databaseUri(source.path, 'rw'), context.signal);
  const poll = reportGrowth(job);
  try {
    const rows = await connection.query(`PRAGMA journal_mode;\nVACUUM INTO ${quoteText(partial)};`);
    // Its log may be long by now, and this connection is the reader that holds it back.
    await connection.close();
    await syncFile(partial, context.signal);
    const hash = await hashFile(partial, { signal: context.signal });
    return { ...hash, method, journalMode: String(rows[0]?.['journal_mode']) };
  } catch (error) {
    throw explain(source, `VACUUM INTO ${partial} of`, error);
  } finally {
    clearInterval(poll);
    await connection.close();
  }
}

function reportGrowth(job: DumpJob): NodeJS.Timeout {
  const bytesTotal = job.file.bytes + job.file.walBytes;
  const report = (bytes: number) => job.context.report({ phase: 'copy', bytesDone: Math.min(bytes, bytesTotal), bytesTotal });
  report(0);
  const poll = async () => {
    const stats = await stat(job.partial).catch(() => undefined);
    if (stats !== undefined) report(stats.size);
  };
  return setInterval(() => void poll(), POLL_INTERVAL_MS);
}
