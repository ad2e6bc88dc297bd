import { renameSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Dump } from '../../../../../activities/databases/database-source.ts';
import { createSqliteDatabase } from '../../../../../activities/databases/sqlite/index.ts';
import type { SqliteSource } from '../../../../../config/types.ts';
import { childProcesses } from '../../../../support/child-processes.ts';
import { createTestContext, programs, type TestContext } from '../../../../support/phase-context.ts';
import { sqliteSource } from '../../../../support/sqlite-source.ts';
import { python, sqlite3 } from '../../../../support/tracker-database.ts';

const database = createSqliteDatabase(programs);

let directory: string;
let path: string;
let target: string;
let context: TestContext;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-pin-'));
  path = join(directory, 'live.db');
  target = join(directory, 'stage', 'tracker.db');
  context = createTestContext();
  await mkdir(join(directory, 'stage'));
  await sqlite3(path, "PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES ('first');");
});

afterEach(() => rm(directory, { recursive: true, force: true }));

function dump(settings: Partial<SqliteSource> = {}): Promise<Dump> {
  return database.dump(sqliteSource(path, settings), target, context);
}

/** Does something each time a copy has begun, while the pin is there. */
function atEachCopy(act: (round: number) => void): () => number {
  let rounds = 0;
  const report = context.report;
  context.report = (progress) => {
    if (progress.phase === 'copy' && progress.bytesDone === 0) act(++rounds);
    report(progress);
  };
  return () => rounds;
}

/** Keeps another sqlite3 at work on the database until the returned function is called. */
async function hold(sql: string): Promise<() => Promise<unknown>> {
  const holder = await programs.start({ program: 'sqlite3', args: ['-batch', '-bail', path] });
  holder.write(`${sql}\nSELECT 'held';\n`);
  for (let line = await holder.lines.next(); line.value !== 'held'; line = await holder.lines.next()) {
    if (line.done === true) throw new Error((await holder.stop()).stderr);
  }
  return () => holder.stop();
}

test('a pin that dies during the copy makes it worthless, and it is made again', async () => {
  const before = childProcesses();
  const rounds = atEachCopy((round) => {
    if (round > 1) return;
    for (const pid of childProcesses()) if (!before.includes(pid)) process.kill(pid, 'SIGKILL');
  });
  expect((await dump()).method).toMatch(/^pin and/);
  expect(rounds()).toBe(2);
});

test('a pin that dies each time is a failure that is tried again later, and leaves nothing', async () => {
  const before = childProcesses();
  atEachCopy(() => {
    for (const pid of childProcesses()) if (!before.includes(pid)) process.kill(pid, 'SIGKILL');
  });
  await expect(dump()).rejects.toMatchObject({
    type: 'SourceUnavailable',
    message: expect.stringMatching(/the pin died during the copy/),
  });
  expect(await readdir(join(directory, 'stage'))).toEqual([]);
  expect(childProcesses()).toEqual(before);
});

test('a database that is replaced by a rename during the copy is copied anew', async () => {
  const other = join(directory, 'other.db');
  await sqlite3(other, "CREATE TABLE t (a); INSERT INTO t VALUES ('second'), ('third');");
  const rounds = atEachCopy((round) => {
    if (round === 1) renameSync(other, path);
  });
  expect((await dump()).facts.tables).toEqual({ t: 2 });
  expect(rounds()).toBe(2);
});

test('an older reader that holds the log back makes it fall back to VACUUM INTO, with all that was committed', async () => {
  const release = await hold('BEGIN; SELECT count(*) FROM t;');
  await sqlite3(path, "INSERT INTO t VALUES ('second');");
  try {
    const { facts, method } = await dump();
    expect(method).toMatch(/^VACUUM INTO, because it could not be pinned in 12 attempts: .* older reader/);
    expect(facts).toMatchObject({ tables: { t: 2 }, journal_mode: 'wal' });
  } finally {
    await release();
  }
}, 30_000);

test('a database that stays locked is a failure that is tried again later', async () => {
  const release = await hold('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; DELETE FROM t;');
  try {
    await expect(dump()).rejects.toMatchObject({
      type: 'SourceUnavailable',
      message: expect.stringMatching(/^sqlite\/tracker: .* database is locked .* Another process keeps it locked/),
    });
    expect(await database.examine(sqliteSource(path), context)).toMatchObject([{ level: 'warning' }]);
  } finally {
    await release();
  }
}, 30_000);

test('a cancel does not wait for a lock', async () => {
  const release = await hold('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE;');
  const reason = new Error('cancelled');
  let cancelledAt = 0;
  setTimeout(() => {
    cancelledAt = performance.now();
    context.controller.abort(reason);
  }, 500);
  await expect(dump()).rejects.toBe(reason);
  expect(performance.now() - cancelledAt).toBeLessThan(1_000);
  await release();
}, 30_000);

test.each(['auto', 'vacuum_into', 'sql'] as const)(
  'what a crashed writer left half done is taken back before a dump by %s',
  async (method) => {
    await python(
      `database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA journal_mode = DELETE")
database.executescript("BEGIN; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO t SELECT 'committed ' || i FROM n; COMMIT")
database.execute("PRAGMA cache_size = 5")
database.execute("BEGIN")
database.execute("UPDATE t SET a = 'half done'")
os.kill(os.getpid(), 9)`,
      path,
    ).catch(() => undefined);
    expect((await stat(`${path}-journal`)).size).toBeGreaterThan(0);
    const { facts } = await dump({ method });
    expect(facts.tables).toEqual({ t: 20_001 });
    if (method !== 'sql')
      expect(await sqlite3(target, "SELECT count(*) FROM t WHERE a = 'half done'; PRAGMA integrity_check")).toBe('0\nok');
  },
);

test('a database that the worker may not read is named with what to check', async () => {
  await chmod(path, 0);
  if (process.getuid?.() === 0) {
    await chmod(directory, 0o755);
    await chmod(join(directory, 'stage'), 0o777);
    process.seteuid?.(65_534);
  }
  try {
    await expect(dump()).rejects.toMatchObject({
      type: 'SourceMissing',
      message: expect.stringMatching(/may not be read by the worker \(EACCES\)/),
    });
  } finally {
    if (process.getuid?.() === 0) process.seteuid?.(0);
  }
});
