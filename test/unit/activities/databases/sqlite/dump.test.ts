import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Dump } from '../../../../../activities/databases/database-source.ts';
import { createSqliteDatabase } from '../../../../../activities/databases/sqlite/index.ts';
import type { SqliteSource } from '../../../../../config/types.ts';
import { createTestContext, programs, type TestContext } from '../../../../support/phase-context.ts';
import { sqliteSource } from '../../../../support/sqlite-source.ts';
import { python, sqlite3 } from '../../../../support/tracker-database.ts';

const database = createSqliteDatabase(programs);

let directory: string;
let path: string;
let target: string;
let context: TestContext;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-sqlite-'));
  path = join(directory, 'live.db');
  target = join(directory, 'stage', 'tracker.db');
  context = createTestContext();
  await mkdir(join(directory, 'stage'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

function dump(settings: Partial<SqliteSource> = {}): Promise<Dump> {
  return database.dump(sqliteSource(path, settings), target, context);
}

test('tables of every kind and name are counted, without those of SQLite itself', async () => {
  await sqlite3(
    path,
    `CREATE TABLE "we""ird, [name] 'é'
.dump ; --" (a INTEGER PRIMARY KEY AUTOINCREMENT);
     INSERT INTO "we""ird, [name] 'é'
.dump ; --" VALUES (1), (2);
     CREATE TABLE keyed (k TEXT PRIMARY KEY) WITHOUT ROWID;
     INSERT INTO keyed VALUES ('x');
     CREATE TABLE sqlitelike (a);
     CREATE VIRTUAL TABLE words USING fts5 (body);
     INSERT INTO words VALUES ('one'), ('two'), ('three');
     CREATE VIEW seen AS SELECT * FROM keyed;
     ANALYZE;`,
  );
  const { facts } = await dump();
  expect(facts.tables).toMatchObject({
    "we\"ird, [name] 'é'\n.dump ; --": 2,
    keyed: 1,
    sqlitelike: 0,
    words: 3,
    words_content: 3,
  });
  expect(Object.keys(facts.tables).filter((name) => /^sqlite_|^seen$/.test(name))).toEqual([]);
  expect(context.warnings).toEqual([]);
});

test('the facts tell page size, versions and the journal mode of the source', async () => {
  await sqlite3(
    path,
    'PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA user_version=3; PRAGMA application_id=9; CREATE TABLE t (a);',
  );
  expect((await dump()).facts).toMatchObject({
    page_size: 8192,
    user_version: 3,
    application_id: 9,
    journal_mode: 'wal',
    sqlite_version: expect.stringMatching(/^3\.\d+\.\d+$/),
  });
  expect(await readdir(join(directory, 'stage'))).toEqual(['tracker.db']);
});

test('a dump has the time at which the database was last written to', async () => {
  await sqlite3(path, 'CREATE TABLE t (a);');
  await utimes(path, 1_000_000_000, 1_000_000_000);
  await dump();
  expect((await stat(target)).mtimeMs).toBe(1_000_000_000_000);
});

test.each(['auto', 'vacuum_into', 'sql'] as const)(
  'a virtual table whose module is missing is warned of and stays in a dump by %s',
  async (method) => {
    await sqlite3(
      path,
      `CREATE TABLE t (a); PRAGMA writable_schema = ON;
     INSERT INTO sqlite_schema VALUES ('table', 'gone', 'gone', 0, 'CREATE VIRTUAL TABLE gone USING no_such_module (x)');`,
    );
    const { facts } = await dump({ method });
    expect(facts.tables).toEqual({ t: 0 });
    expect(context.warnings).toEqual([expect.stringMatching(/sqlite\/tracker: the rows of gone could not be counted/)]);
    expect(await readFile(target, 'latin1')).toMatch(/no_such_module/);
  },
);

test('an index that needs a collation of the service is warned of, and everything else is checked', async () => {
  await python(
    `database = sqlite3.connect(sys.argv[1])
database.create_collation("odd", lambda a, b: (a > b) - (a < b))
database.executescript("CREATE TABLE t (a TEXT COLLATE odd); CREATE INDEX i ON t (a); INSERT INTO t VALUES ('x'); CREATE TABLE u (a);")`,
    path,
  );
  expect((await dump()).facts.tables).toEqual({ t: 1, u: 0 });
  expect(context.warnings).toEqual([expect.stringMatching(/cannot check t, which needs/)]);
});

test('rows that break a rule of their table are no damage', async () => {
  await sqlite3(
    path,
    `CREATE TABLE t (a INTEGER, b INTEGER CHECK (b > 0)); INSERT INTO t VALUES (NULL, 1);
     PRAGMA ignore_check_constraints = ON; INSERT INTO t VALUES (1, -1);
     PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'a INTEGER', 'a INTEGER NOT NULL');`,
  );
  expect((await dump()).facts.tables).toEqual({ t: 2 });
  expect(context.warnings).toEqual([expect.stringMatching(/rows do not fit their declaration: NULL value in t\.a/)]);
});

test('SQL text keeps the settings that .dump leaves out', async () => {
  await sqlite3(
    path,
    `PRAGMA page_size = 1024; PRAGMA encoding = 'UTF-16le'; PRAGMA auto_vacuum = 1; PRAGMA journal_mode = WAL;
     PRAGMA user_version = 42; PRAGMA application_id = 7;
     CREATE TABLE t (a, b); INSERT INTO t VALUES ('line' || char(10) || 'é', x'00ff'), (1.5, NULL);`,
  );
  const { facts, method } = await dump({ method: 'sql' });
  expect(method).toBe('sql');
  expect(facts).toMatchObject({ tables: { t: 2 }, user_version: 42, application_id: 7, path: 'sqlite/tracker.sql' });
  const restored = join(directory, 'restored.db');
  await programs.run({ program: 'sh', args: ['-c', 'sqlite3 -bail "$1" < "$2"', 'sh', restored, target] });
  const questions = `SELECT quote(a), quote(b) FROM t; PRAGMA page_size; PRAGMA encoding; PRAGMA auto_vacuum;
    PRAGMA journal_mode; PRAGMA user_version; PRAGMA application_id; PRAGMA integrity_check;`;
  expect(await sqlite3(restored, questions)).toBe(await sqlite3(path, questions));
});

test.each(['auto', 'incremental', 'sql'] as const)(
  'the commands of the restore instructions give the database back, method %s',
  async (method) => {
    path = join(directory, "it's live.db");
    await sqlite3(path, "CREATE TABLE t (a); INSERT INTO t VALUES ('backed up');");
    await mkdir(join(directory, 'stage', 'sqlite'));
    const chain = { directory: join(directory, 'chain'), viewDirectory: join(directory, 'view'), rebaseRatio: 1 };
    const source = sqliteSource(path, method === 'incremental' ? { method, chain } : { method });
    await database.dump(source, join(directory, 'stage', database.stagePath(source)), context);
    await sqlite3(path, "PRAGMA journal_mode = WAL; DELETE FROM t; INSERT INTO t VALUES ('lost');");
    const commands = [...database.restoreInstructions(source).matchAll(/```sh\n(.*?)```/gs)].map((match) => match[1]).join('\n');
    const script = commands.replace('OWNER:GROUP', `${process.getuid?.()}:${process.getgid?.()}`).replace('MODE', '640');
    const result = await programs.run({ program: 'sh', args: ['-c', script], cwd: join(directory, 'stage') });
    expect(result.stdout).toMatch(/^ok$/m);
    expect(await sqlite3(path, 'SELECT a FROM t')).toBe('backed up');
    expect((await stat(path)).mode & 0o777).toBe(0o640);
  },
);
