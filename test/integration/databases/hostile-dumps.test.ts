import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startEmbeddedServer } from '../../../activities/databases/mysql/embedded-server.ts';
import { createMysqlDatabase } from '../../../activities/databases/mysql/index.ts';
import { loadDump } from '../../../activities/databases/mysql/load.ts';
import { runScratchSql, type ScratchServer } from '../../../activities/databases/mysql/scratch-server.ts';
import type { MysqlFacts } from '../../../activities/stage/manifest.ts';
import type { Programs } from '../../../process/programs.ts';
import type { DatabaseServer } from '../../support/database-server.ts';
import { startMariadb } from '../../support/mariadb-server.ts';
import { isWithoutMysql, mysqlPrograms, startMysql } from '../../support/mysql-server.ts';
import { SECRETS } from '../../support/mysql-subject.ts';
import { createTestContext, programs, withDirectory } from '../../support/phase-context.ts';

const TIMEOUT_MS = 120_000;

interface Family {
  title: 'MariaDB' | 'MySQL';
  family: 'mariadb' | 'mysql';
  tools: Programs;
  start(this: void): Promise<DatabaseServer>;
}

const FAMILIES: Family[] = [
  { title: 'MariaDB', family: 'mariadb', tools: programs, start: async () => startMariadb() },
  { title: 'MySQL', family: 'mysql', tools: mysqlPrograms, start: async () => startMysql() },
];

/** Lines that a client might obey when it reads them. `X` stands for a path that must not come to be. */
const CLIENT_COMMANDS = [
  String.raw`\! touch X`,
  'system touch X',
  String.raw`SELECT 1; \! touch X`,
  String.raw`\T X`,
  'tee X',
  String.raw`\P cat > X`,
  'pager cat > X',
  String.raw`\. /etc/passwd`,
  'source /etc/passwd',
  String.raw`/*! \! touch X */;`,
  'delimiter !!\n\\! touch X\n!!',
  'edit',
];

/** Statements with which a server might touch files outside of its own directory, or an account might get more rights. */
const SERVER_STATEMENTS = [
  "SELECT 'owned' INTO OUTFILE 'X'",
  "SELECT 'owned' INTO DUMPFILE 'X'",
  "SET GLOBAL general_log_file = 'X'; SET GLOBAL general_log = ON; SELECT 'owned'",
  "SET GLOBAL slow_query_log_file = 'X'; SET GLOBAL slow_query_log = ON",
  "CREATE TABLE outside (a INT) ENGINE=MyISAM DATA DIRECTORY = 'DIR'",
  "CREATE TABLE outside (a INT) ENGINE=InnoDB DATA DIRECTORY = 'DIR'",
  "CREATE TABLESPACE outside ADD DATAFILE 'X.ibd'",
  "LOAD DATA INFILE '/etc/hostname' INTO TABLE target",
  "LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE target",
  "INSTALL PLUGIN owned SONAME 'auth_socket.so'",
  "CREATE FUNCTION owned RETURNS STRING SONAME 'owned.so'",
  "GRANT FILE ON *.* TO 'root'@'localhost'",
  "CREATE USER 'owned'@'localhost'",
  "UPDATE mysql.user SET File_priv = 'Y'",
  'SELECT * FROM mysql.global_priv',
  "CREATE DEFINER = 'mariadb.sys'@'localhost' PROCEDURE owned() INSERT INTO target SELECT COUNT(*) FROM mysql.global_priv; CALL owned()",
  "CREATE DEFINER = 'mysql.session'@'localhost' PROCEDURE owned2() SET GLOBAL general_log_file = 'X'; CALL owned2()",
  "CREATE DEFINER = 'holdfast_setup'@'localhost' PROCEDURE owned3() SET GLOBAL general_log_file = 'X'; CALL owned3()",
  'SHUTDOWN',
];

for (const family of FAMILIES.filter(({ title }) => title !== 'MySQL' || !isWithoutMysql)) {
  describe(`a hostile dump of ${family.title}`, () => describeDumps(family));
}

function describeDumps({ family, tools, start }: Family): void {
  const database = createMysqlDatabase(tools);
  let server: DatabaseServer;

  beforeAll(async () => {
    server = await start();
    await server.sql('CREATE DATABASE target');
  }, TIMEOUT_MS);

  afterAll(() => server.stop(), TIMEOUT_MS);

  const source = (name: string) =>
    server.source({ user: 'root', password: undefined, database: name, address: { kind: 'socket', path: server.socket } });
  const facts = async () =>
    ({
      kind: 'mysql',
      server_family: family,
      server_version: await server.sql('SELECT VERSION()'),
      bytes: 1,
      path: 'mysql/x.sql',
    }) as MysqlFacts;

  // MySQL's client obeys none of its own by default since 9.
  const isObeyed = family === 'mariadb';
  test(`would ${isObeyed ? '' : 'not '}be obeyed by the client as it is`, async () => {
    await withDirectory(async (directory) => {
      await writeFile(join(directory, 'other.sql'), 'CREATE TABLE sourced (a INT);');
      await server.load(`\\. ${join(directory, 'other.sql')}\n`, 'target');
      expect(await server.sql("SHOW TABLES LIKE 'sourced'", 'target')).toBe(isObeyed ? 'sourced' : '');
    });
  });

  test.each(CLIENT_COMMANDS)('that was tampered with executes nothing on the worker when it is loaded: %s', async (line) => {
    await withDirectory(async (directory) => {
      const file = join(directory, 'dump.sql');
      const command = line.replaceAll('X', join(directory, 'owned'));
      await writeFile(file, `CREATE TABLE IF NOT EXISTS t (a INT);\n${command}\nINSERT INTO t VALUES (1);\n-- Dump completed\n`);
      const target = { source: source('target'), into: 'target', facts: await facts(), file };
      // What it makes of such a line is its own affair; most are no SQL.
      await loadDump(tools, target, createTestContext(SECRETS)).catch((error: unknown) =>
        expect(error).toMatchObject({ type: 'DumpRejected' }),
      );
      expect(await readdir(directory)).toEqual(['dump.sql']);
    });
  });

  test(
    'of a database with hostile names, comments and bodies comes back as it was, and executes nothing',
    async () => {
      await withDirectory(async (directory) => {
        const owned = join(directory, 'owned');
        const command = `x\n\\! touch ${owned}\nsystem touch ${owned}\n*/ \\! touch ${owned}\n`;
        const name = (text: string) => `\`${text.replaceAll('`', '``')}\``;
        const text = (value: string) => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
        // A name has 64 characters at most.
        const short = '\n\\! touch owned\n; system touch owned';
        await server.sql(
          `CREATE DATABASE hostile; USE hostile;
         CREATE TABLE ${name(short)} (${name(`a${short}`)} TEXT COMMENT ${text(command)}) COMMENT = ${text(command)};
         INSERT INTO ${name(short)} VALUES (${text(command)}), (${text('--\n\\! touch owned')});
         CREATE VIEW ${name(`v${short}`)} AS SELECT ${text(command)} AS c FROM ${name(short)};`,
        );
        const file = join(directory, 'dump.sql');
        const context = createTestContext(SECRETS);
        const dump = await database.dump(source('hostile'), file, context);
        const before = await readdir(directory);
        const scratchDirectory = join(directory, 'scratch');
        await mkdir(scratchDirectory);
        const checks = await database.verifyRestored(
          {
            source: { kind: 'mysql', name: 'x' },
            file,
            facts: dump.facts as MysqlFacts,
            scratchDirectory,
            verification: undefined,
            runId: '0c5c8f4e-8a5d-4b36-9a2e-2d1d3e0f7a11',
          },
          context,
        );
        expect(checks.filter(({ status }) => status !== 'pass')).toEqual([]);
        expect((await readdir(directory)).filter((found) => found !== 'scratch')).toEqual(before);
        expect(await readdir(join(scratchDirectory, 'data'))).not.toContain('owned');
      });
    },
    TIMEOUT_MS,
  );

  test(
    'gets nothing but its database on a scratch server',
    async () => {
      await withDirectory(async (directory) => {
        const scratchDirectory = join(directory, 'scratch');
        const outside = join(directory, 'outside');
        await mkdir(outside);
        const context = createTestContext(SECRETS);
        const place = { family, directory: scratchDirectory, database: 'holdfast_drill_x' };
        const scratch = (await startEmbeddedServer(tools, place, context)) as ScratchServer;
        expect(scratch).not.toHaveProperty('unavailable');
        const ask = (sql: string, db = 'holdfast_drill_x') =>
          runScratchSql({ programs: tools, server: scratch }, sql, context, { database: db });
        try {
          expect(await ask('CREATE DATABASE holdfast_drill_x;', 'information_schema')).toMatchObject({ exitCode: 0 });
          // That a dump may do all this is what makes the refusals below say something.
          expect(
            await ask(
              "CREATE TABLE target (a TEXT); CREATE DEFINER = 'app'@'%' VIEW v AS SELECT 1; INSERT INTO target VALUES ('x');",
            ),
          ).toMatchObject({ exitCode: 0 });
          const obeyed: string[] = [];
          for (const statement of SERVER_STATEMENTS) {
            const sql = statement.replaceAll('X', join(outside, 'owned')).replaceAll('DIR', outside);
            if ((await ask(`${sql};`)).exitCode === 0) obeyed.push(statement);
          }
          expect(obeyed).toEqual([]);
          expect(await readdir(outside)).toEqual([]);
          expect((await ask("SELECT LOAD_FILE('/etc/hostname') IS NULL;")).stdout.trim()).toBe('1');
          expect((await ask('SELECT COUNT(*) FROM target;')).stdout.trim()).toBe('1');
        } finally {
          await scratch.stop();
        }
      });
    },
    TIMEOUT_MS,
  );

  test('is of no use to a server that asks the client for its files', async () => {
    await withDirectory(async (directory) => {
      const file = join(directory, 'dump.sql');
      await writeFile(
        file,
        "CREATE TABLE IF NOT EXISTS secrets (a TEXT); LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE secrets;\n",
      );
      await server.sql('SET GLOBAL local_infile = ON');
      const target = { source: source('target'), into: 'target', facts: await facts(), file };
      await expect(loadDump(tools, target, createTestContext(SECRETS))).rejects.toMatchObject({ type: 'DumpRejected' });
      expect(await server.sql('SELECT COUNT(*) FROM secrets', 'target')).toBe('0');
    });
  });
}
