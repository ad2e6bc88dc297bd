/**
 * Backs up live SQLite databases by plain sqlite3 children: pin and copy, VACUUM INTO, or SQL text.
 *
 * What must never be here: an SQLite library in this process, or `.backup`, which never ends beside a busy writer.
 */
import { rename, rm, utimes } from 'node:fs/promises';
import type { SqliteSource } from '../../../config/types.ts';
import type { Programs } from '../../../process/programs.ts';
import type { PhaseContext } from '../../phase.ts';
import type { DatabaseSource, Dump } from '../database-source.ts';
import { connect, databaseUri, withConnection } from './connection.ts';
import { type DatabaseFile, inspectDatabaseFile } from './database-file.ts';
import type { DumpJob, RawDump } from './dump-job.ts';
import { examine } from './examine.ts';
import { pinAndCopy } from './pin-and-copy.ts';
import { quickCheck } from './quick-check.ts';
import { type DatabaseContent, readContent } from './read-content.ts';
import { restoreInstructions } from './restore-instructions.ts';
import { SQL_GROWTH, sqlDump } from './sql-dump.ts';
import { explain } from './sqlite-failure.ts';
import { requireSqlite } from './sqlite-version.ts';
import { vacuumInto } from './vacuum-into.ts';
import { verifyRestored } from './verify-restored.ts';

/**
 * Creates the SQLite kind of source. It starts sqlite3 children only, and reads database files as plain bytes.
 *
 * A file that is missing, unreadable, empty, encrypted or no database fails with SourceMissing; one that stays locked with
 * SourceUnavailable; a damaged one with DumpRejected; an unaccepted stall of its writers with ConfigInvalid.
 */
export function createSqliteDatabase(programs: Programs): DatabaseSource<SqliteSource> {
  return {
    stagePath,
    dump: (source, target, context) => dump(programs, source, target, context),
    examine: (source, context) => examine(programs, source, context),
    estimateBytes: async (source) => {
      const { bytes, walBytes } = await inspectDatabaseFile(source);
      return (bytes + walBytes) * (source.method === 'sql' ? SQL_GROWTH : 1);
    },
    verifyRestored: (restored, context) => verifyRestored(programs, restored, context),
    restoreInstructions: (source) => restoreInstructions(source, stagePath(source)),
  };
}

function stagePath(source: SqliteSource): string {
  return `sqlite/${source.name}.${source.method === 'sql' ? 'sql' : 'db'}`;
}

async function dump(programs: Programs, source: SqliteSource, target: string, context: PhaseContext): Promise<Dump> {
  context.signal.throwIfAborted();
  const partial = `${target}.partial`;
  await remove(target, partial);
  try {
    await requireSqlite(programs, context.signal);
    const file = await inspectDatabaseFile(source);
    const job: DumpJob = { programs, source, file, partial, context };
    const raw = await dumpBy(job);
    const content = raw.content ?? (await verify(job));
    // restic and tar then show when the database was last written to.
    await utimes(partial, file.modifiedAt, file.modifiedAt);
    context.signal.throwIfAborted();
    await rename(partial, target);
    return toDump(source, file, raw, content);
  } catch (error) {
    await remove(target, partial);
    throw error;
  }
}

async function dumpBy(job: DumpJob): Promise<RawDump> {
  switch (job.source.method) {
    case 'auto': {
      const result = await pinAndCopy(job);
      return 'unpinnable' in result ? vacuumInto(job, `VACUUM INTO, because ${result.unpinnable}`) : result;
    }
    case 'vacuum_into':
      return vacuumInto(job, 'VACUUM INTO');
    case 'sql':
      return sqlDump(job);
  }
}

/** Checks the copy and reads what it holds. @throws {PhaseError} DumpRejected */
async function verify(job: DumpJob): Promise<DatabaseContent> {
  const { context, partial, programs, source } = job;
  context.report({ phase: 'verify' });
  const open = () => connect(programs, databaseUri(partial, 'immutable'), context.signal);
  try {
    await quickCheck(open, source, context);
    return await withConnection(open, (connection) => readContent(connection, source, (message) => context.warn(message)));
  } catch (error) {
    throw explain(source, 'verifying the copy of', error);
  }
}

function toDump(source: SqliteSource, { original }: DatabaseFile, raw: RawDump, content: DatabaseContent): Dump {
  const { bytes, journalMode, method, sha256 } = raw;
  const path = stagePath(source);
  const facts = { kind: 'sqlite', path, bytes, sha256, method, journal_mode: journalMode, original, ...content } as const;
  return { bytes, method, facts };
}

/** A killed VACUUM INTO leaves its journal beside the file. */
async function remove(target: string, partial: string): Promise<void> {
  const names = [target, partial, `${partial}-journal`, `${partial}-wal`, `${partial}-shm`];
  await Promise.all(names.map((name) => rm(name, { force: true })));
}
