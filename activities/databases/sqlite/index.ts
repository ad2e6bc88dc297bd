/**
 * Backs up live SQLite databases by plain sqlite3 children: pin and copy, pin and compare, VACUUM INTO, or SQL text.
 *
 * What must never be here: an SQLite library in this process, or `.backup`, which never ends beside a busy writer.
 */
import { rename, rm, utimes } from 'node:fs/promises';
import type { SqliteMethod, SqliteSource } from '../../../config/types.ts';
import type { Programs } from '../../../process/programs.ts';
import type { PhaseContext } from '../../phase.ts';
import type { DatabaseSource, Dump } from '../database-source.ts';
import { type DatabaseFile, inspectDatabaseFile } from './database-file.ts';
import type { DumpJob, RawDump } from './dump-job.ts';
import { examine } from './examine.ts';
import { estimateIncremental } from './incremental/estimate.ts';
import { dumpIncremental } from './incremental/index.ts';
import { pinAndCopy } from './pin-and-copy.ts';
import type { DatabaseContent } from './read-content.ts';
import { restoreInstructions } from './restore-instructions.ts';
import { SQL_GROWTH, sqlDump } from './sql-dump.ts';
import { requireSqlite } from './sqlite-version.ts';
import { vacuumInto } from './vacuum-into.ts';
import { verifyCopy } from './verify-copy.ts';
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
      if (source.method === 'incremental') return estimateIncremental(source, bytes + walBytes);
      return (bytes + walBytes) * (source.method === 'sql' ? SQL_GROWTH : 1);
    },
    verifyRestored: (restored, context) => verifyRestored(programs, restored, context),
    restoreInstructions: (source) => restoreInstructions(source, stagePath(source)),
  };
}

function stagePath({ method, name }: SqliteSource): string {
  if (method === 'incremental') return `sqlite/${name}`;
  return `sqlite/${name}.${method === 'sql' ? 'sql' : 'db'}`;
}

async function dump(programs: Programs, source: SqliteSource, target: string, context: PhaseContext): Promise<Dump> {
  context.signal.throwIfAborted();
  if (source.method === 'incremental') {
    await requireSqlite(programs, context.signal);
    return dumpIncremental(programs, source, { target, path: stagePath(source) }, context);
  }
  const partial = `${target}.partial`;
  await remove(target, partial);
  try {
    await requireSqlite(programs, context.signal);
    const file = await inspectDatabaseFile(source);
    const job: DumpJob = { programs, source, file, partial, context };
    const raw = await dumpBy(job);
    const content = raw.content ?? (await verifyCopy(job));
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
  switch (job.source.method as Exclude<SqliteMethod, 'incremental'>) {
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

function toDump(source: SqliteSource, { original }: DatabaseFile, raw: RawDump, content: DatabaseContent): Dump {
  const { bytes, journalMode, method, sha256, sample } = raw;
  const path = stagePath(source);
  const facts = { kind: 'sqlite', path, bytes, sha256, method, journal_mode: journalMode, original, ...content } as const;
  return { bytes, method, facts, ...(sample === undefined ? {} : { sample }) };
}

/** A killed VACUUM INTO leaves its journal beside the file. */
async function remove(target: string, partial: string): Promise<void> {
  const names = [target, partial, `${partial}-journal`, `${partial}-wal`, `${partial}-shm`];
  await Promise.all(names.map((name) => rm(name, { force: true })));
}
