import { mkdir, mkdtemp, open, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { createSqliteDatabase } from '../../../activities/databases/sqlite/index.ts';
import type { SqliteSource } from '../../../config/types.ts';
import { pagesSha256Of } from '../../support/chain-place.ts';
import { type ContractFailure, type DatabaseContract, describeDatabaseContract } from '../../support/database-contract.ts';
import { createTestContext, programs, withDirectory } from '../../support/phase-context.ts';
import { sqliteSource } from '../../support/sqlite-source.ts';
import {
  countTrackerRows,
  createTrackerDatabase,
  restoreTrackerDatabase,
  sqlite3,
  startSqliteWriter,
} from '../../support/tracker-database.ts';

const MIB = 1024 ** 2;
const database = createSqliteDatabase(programs);

const failures: ContractFailure<SqliteSource>[] = [
  {
    when: 'its path is a directory',
    type: 'SourceMissing',
    says: /is a directory/,
    arrange: async (_subject, directory) => sqliteSource(directory),
  },
  {
    when: 'the file is empty',
    type: 'SourceMissing',
    says: /is empty \(0 bytes\)/,
    arrange: async (_subject, directory) => {
      await writeFile(join(directory, 'empty.db'), '');
      return sqliteSource(join(directory, 'empty.db'));
    },
  },
  {
    when: 'the file is encrypted or something else',
    type: 'SourceMissing',
    says: /not an SQLite database, or it is encrypted/,
    arrange: async (_subject, directory) => {
      await writeFile(join(directory, 'other.db'), 'x'.repeat(8192));
      return sqliteSource(join(directory, 'other.db'));
    },
  },
  {
    when: 'a page of it is damaged',
    type: 'DumpRejected',
    says: /damaged/,
    arrange: async (_subject, directory) => {
      const path = join(directory, 'damaged.db');
      await createTrackerDatabase(path, { journalMode: 'wal', bytes: MIB });
      const file = await open(path, 'r+');
      await file.write(Buffer.alloc(4096, 0xff), 0, 4096, 40 * 4096);
      await file.close();
      return sqliteSource(path);
    },
  },
];

function contract(
  title: string,
  journalMode: 'wal' | 'delete' | 'persist',
  settings: Partial<SqliteSource>,
): DatabaseContract<SqliteSource> {
  return {
    title,
    database,
    create: async (directory) => {
      const path = join(directory, 'the tracker?mode=ro#1 %41.db');
      await createTrackerDatabase(path, { journalMode, bytes: 4 * MIB });
      return {
        source: sqliteSource(path, settings),
        missing: sqliteSource(join(directory, 'none.db'), settings),
        countRows: () => countTrackerRows(path),
        startWriter: async () => {
          const writer = await startSqliteWriter(path, 200);
          return { commits: async () => (await writer.report()).commits, stop: async () => void (await writer.stop()) };
        },
        restore: restoreTrackerDatabase,
        dispose: async () => undefined,
      };
    },
  };
}

/** As {@link contract}, with a chain below the subject's directory. */
function chainContract(journalMode: 'wal' | 'delete'): DatabaseContract<SqliteSource> {
  const plain = contract(`SQLite by its changes, journal mode ${journalMode}`, journalMode, {});
  return {
    ...plain,
    // The newest of base.db, 0001.wal, 0002.wal, …
    newBytes: ({ entries }) => entries?.filter(({ path }) => /base\.db|\.wal$/.test(path)).at(-1)?.bytes ?? Number.NaN,
    create: async (directory) => {
      const subject = await plain.create(directory);
      const chain = { directory: join(directory, 'chain'), viewDirectory: join(directory, 'views/chain'), rebaseRatio: 1 };
      const incremental = (source: SqliteSource): SqliteSource => ({ ...source, method: 'incremental', chain });
      const assemble = async (dump: string, scratch: string) => {
        const path = join(await mkdtemp(join(scratch, 'assembled-')), 'tracker.db');
        const { exitCode, stderr } = await programs.run({ program: 'sh', args: [join(dump, 'replay.sh'), path] });
        if (exitCode !== 0) throw new Error(stderr);
        return path;
      };
      return {
        ...subject,
        source: incremental(subject.source),
        missing: incremental(subject.missing),
        assemble,
        digest: async (path) => ({ chain: { pages_sha256: await pagesSha256Of(path) } }),
        restore: async (dump, scratch) => subject.restore(await assemble(dump, scratch), scratch),
      };
    },
    failures: failures.map((failure) => ({
      ...failure,
      arrange: async (subject, directory) => {
        const chain = { directory: join(directory, 'chain'), viewDirectory: join(directory, 'views/chain'), rebaseRatio: 1 };
        return { ...(await failure.arrange(subject, directory)), method: 'incremental', chain };
      },
    })),
  };
}

describeDatabaseContract(chainContract('wal'));
describeDatabaseContract(chainContract('delete'));
describeDatabaseContract({ ...contract('SQLite with a write-ahead log', 'wal', {}), failures });
describeDatabaseContract(contract('SQLite with a rollback journal', 'delete', {}));
describeDatabaseContract(contract('SQLite with a journal that persists', 'persist', {}));
describeDatabaseContract(contract('SQLite by VACUUM INTO', 'wal', { method: 'vacuum_into' }));
describeDatabaseContract(contract('SQLite as SQL text', 'wal', { method: 'sql' }));

test.each(['wal', 'delete'] as const)(
  'a database of 60 MiB in journal mode %s is copied in one state while 200 commits a second go on',
  async (journalMode) => {
    await withDirectory(async (directory) => {
      const path = join(directory, 'tracker.db');
      const target = join(directory, 'stage', 'tracker.db');
      await mkdir(join(directory, 'stage'));
      await createTrackerDatabase(path, { journalMode, bytes: 60 * MIB });
      const writer = await startSqliteWriter(path, 200);
      try {
        for (let round = 1; round <= 2; round++) {
          const before = await writer.report();
          const dump = await database.dump(sqliteSource(path), target, createTestContext());
          expect(dump.method).toMatch(/^pin and (copy|reflink)$/);
          expect((await stat(target)).size).toBeGreaterThan(50 * MIB);
          expect(await restoreTrackerDatabase(target, directory)).toEqual(dump.facts.tables);
          const after = await writer.report();
          expect(after.commits).toBeGreaterThan(before.commits);
        }
      } finally {
        await writer.stop();
      }
      expect(await sqlite3(path, 'PRAGMA integrity_check')).toBe('ok');
    });
  },
  120_000,
);
