import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { CommandScanner } from '../../../../../activities/databases/sqlite/command-scanner.ts';
import { connect, databaseUri, withConnection } from '../../../../../activities/databases/sqlite/connection.ts';
import { createSqliteDatabase } from '../../../../../activities/databases/sqlite/index.ts';
import { loadText } from '../../../../../activities/databases/sqlite/load-text.ts';
import type { SqliteFacts } from '../../../../../activities/stage/manifest.ts';
import { createTestContext, programs, withDirectory } from '../../../../support/phase-context.ts';
import { sqliteSource } from '../../../../support/sqlite-source.ts';
import { sqlite3 } from '../../../../support/tracker-database.ts';

/** Of each piece size, so that nothing depends on where a chunk ends. */
function scan(text: string, size: number): string | undefined {
  const scanner = new CommandScanner();
  const bytes = Buffer.from(text);
  for (let index = 0; index < bytes.length; index += size) {
    const problem = scanner.push(bytes.subarray(index, index + size));
    if (problem !== undefined) return problem;
  }
  return undefined;
}

test.each([
  '.shell touch X',
  '#!shell',
  'SELECT 1;\n.trace X',
  "SELECT 'it''s';\n.trace X\n",
  "-- it's a comment\n.trace X",
  "/* it's one too */\n.trace X",
  '/*/ still a comment\n.trace X',
  "SELECT '\0'\n';\n.trace X\n",
])('a text that holds a command of the shell is found out: %j', (text) => {
  for (const size of [1, 2, 7, 1_000]) expect(scan(text, size)).toBeDefined();
});

test.each([
  "INSERT INTO t VALUES('\n.shell touch X\n');",
  'CREATE TABLE "a\n.b\n#c" (d);',
  'CREATE TABLE [a"\n.b] (d);\nCREATE TABLE `e\'\n#f` (g);',
  'SELECT 1 .5;\n -- .x\n',
  "SELECT 1 - -1, 2 / 3, 'a' -- '\n;",
])('and plain text is passed: %j', (text) => {
  for (const size of [1, 2, 7, 1_000]) expect(scan(text, size)).toBeUndefined();
});

/** `X` is a path that must not come to be, `LIVE` a database that must stay as it is. */
const ATTACKS = [
  '.shell touch X',
  '.system touch X',
  '.output X',
  '.once |touch X',
  '.trace X',
  '.log X',
  ".import '|touch X' t",
  '.read |touch X',
  '.save X',
  '.open X',
  '.load ./owned',
  '.testcase owned',
  "ATTACH 'X' AS x; CREATE TABLE x.t (a);",
  "ATTACH 'LIVE' AS live; DROP TABLE live.t;",
  "VACUUM INTO 'X';",
  "SELECT writefile('X', 'owned');",
  "SELECT edit('', 'touch X;');",
  "SELECT load_extension('./owned');",
  "CREATE TABLE c (a CHECK (edit('', 'touch X;') IS NULL)); INSERT INTO c VALUES (1);",
  "CREATE TABLE g (a, b AS (writefile('X', a))); INSERT INTO g VALUES (1); SELECT * FROM g;",
  "CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT edit('', 'touch X;'); END; INSERT INTO t VALUES (2);",
  "CREATE VIRTUAL TABLE z USING zipfile('X'); INSERT INTO z (name, data) VALUES ('a', 'b');",
];

test.each(ATTACKS)('SQL text that was tampered with executes nothing: %s', (attack) =>
  withDirectory(async (directory) => {
    const owned = join(directory, 'owned');
    const live = join(directory, 'live.db');
    await sqlite3(live, 'CREATE TABLE t (a);');
    const file = join(directory, 'dump.sql');
    const text = attack.replaceAll('X', owned).replaceAll('LIVE', live);
    await writeFile(file, `BEGIN;\nCREATE TABLE t (a);\nINSERT INTO t VALUES ('one');\nCOMMIT;\n${text}\n`);
    const loading = loadText(programs, { file, database: join(directory, 'loaded.db') }, createTestContext().signal);
    const said = await loading.catch((error: unknown) => error);
    expect(said instanceof Error || typeof said === 'string').toBe(true);
    if (said instanceof Error)
      expect(said).toMatchObject({ type: 'DumpRejected', message: expect.stringMatching(/dump\.sql holds/) });
    expect(existsSync(owned)).toBe(false);
    expect(await sqlite3(live, 'SELECT count(*) FROM t;')).toBe('0');
  }),
);

/** Runs the shell as it is, and returns what it prints. Any end will do. */
async function shell(args: string[], input = ''): Promise<string> {
  return (await programs.run({ program: 'sqlite3', args, input })).stdout;
}

/** A database as nobody makes it: whatever looks at it has the shell's own functions called. */
async function makeHostile(path: string, owned: string): Promise<void> {
  const call = `edit('', 'touch ${owned};')`;
  const quoted = call.replaceAll("'", "''");
  await shell(
    [path],
    `CREATE TABLE t (a);
      INSERT INTO t VALUES (1), (2);
      CREATE VIEW v AS SELECT ${call} AS a FROM t;
      CREATE TABLE "x
.shell touch ${owned}
" (a);
.dbconfig defensive off
      PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET sql = 'CREATE TABLE t (a CHECK (${quoted} IS NULL))' WHERE name = 't';
`,
  );
}

test('a hostile schema executes nothing when it is asked, backed up as text and drilled', () =>
  withDirectory(async (directory) => {
    const owned = join(directory, 'owned');
    const path = join(directory, 'hostile.db');
    await makeHostile(path, owned);
    // The shell as it is obeys the view, and then ends with an error.
    await shell([path, 'SELECT * FROM v']);
    const wasObeyed = existsSync(owned);
    await rm(owned, { force: true });

    const context = createTestContext();
    const open = () => connect(programs, databaseUri(path, 'rw'), context.signal);
    await expect(withConnection(open, (connection) => connection.query('SELECT * FROM v;'))).rejects.toThrow(
      /unsafe use of edit/,
    );
    const database = createSqliteDatabase(programs);
    for (const method of ['auto', 'sql'] as const) {
      const source = sqliteSource(path, { method });
      const scratchDirectory = join(directory, `scratch-${method}`);
      await mkdir(scratchDirectory);
      const file = join(directory, database.stagePath(source).replace('/', '-'));
      const dump = await database.dump(source, file, context).catch((error: unknown) => error as Error);
      if (dump instanceof Error) {
        expect(dump).toMatchObject({ type: 'DumpRejected' });
        continue;
      }
      const facts = dump.facts as SqliteFacts;
      const checks = await database.verifyRestored(
        { source, file, facts, scratchDirectory, verification: undefined, runId: 'r' },
        context,
      );
      expect(checks.length).toBeGreaterThan(0);
    }
    expect({ wasObeyed, isObeyedNow: existsSync(owned) }).toEqual({ wasObeyed: true, isObeyedNow: false });
  }));

test('a dump of a schema that holds a command is refused when it is loaded', () =>
  withDirectory(async (directory) => {
    const path = join(directory, 'a.db');
    const owned = join(directory, 'owned');
    await shell(
      [path],
      `CREATE TABLE t (a);\n.dbconfig defensive off\nPRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = 'CREATE TABLE t (a);
.shell touch ${owned}
' WHERE name = 't';\n`,
    );
    const file = join(directory, 'a.sql');
    await writeFile(file, await shell([path, '.dump']));
    expect(await readFile(file, 'utf8')).toMatch(/^\.shell/m);
    const loading = loadText(programs, { file, database: join(directory, 'loaded.db') }, createTestContext().signal);
    await expect(loading).rejects.toMatchObject({ type: 'DumpRejected' });
    expect(await readdir(directory)).not.toContain('owned');
  }));
