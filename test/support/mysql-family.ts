/**
 * What holds for MySQL and MariaDB alike, on a real server: the database contract, and what goes wrong with servers.
 */
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createMysqlDatabase } from '../../activities/databases/mysql/index.ts';
import type { MysqlSource } from '../../config/types.ts';
import type { Programs } from '../../process/programs.ts';
import { findFreePort } from '../../worker/free-port.ts';
import { childProcesses } from './child-processes.ts';
import { describeDatabaseContract } from './database-contract.ts';
import type { DatabaseServer } from './database-server.ts';
import { countRows, createSubject, loadDump, numbers, PASSWORD, quote, SECRETS } from './mysql-subject.ts';
import { createTestContext, type TestContext, withDirectory } from './phase-context.ts';

export interface FamilyOptions {
  title: 'MySQL' | 'MariaDB';
  programs: Programs;
  start(): Promise<DatabaseServer>;
}

const TIMEOUT_MS = 120_000;

/** Defines the tests for one kind of server. */
export function describeMysqlFamily({ title, programs, start }: FamilyOptions): void {
  const database = createMysqlDatabase(programs);
  // The contract's own contexts read secrets from the environment of the test.
  process.env['DB_PASSWORD'] = PASSWORD;

  describeDatabaseContract<MysqlSource>({
    title,
    database,
    timeoutMs: TIMEOUT_MS,
    create: async () => createSubject(await start()),
    failures: [
      {
        when: 'the password is wrong',
        type: 'AuthRejected',
        says: /refused the log-in of root@127\.0\.0\.1:\d+.*GRANT SELECT/s,
        arrange: async (subject) => ({ ...subject.source, user: 'root' }),
      },
      {
        when: 'no server answers',
        type: 'SourceUnavailable',
        says: /no database server answers at 127\.0\.0\.1:\d+/,
        arrange: async (subject) => ({
          ...subject.source,
          address: { kind: 'tcp', host: '127.0.0.1', port: await findFreePort() },
        }),
      },
      {
        when: 'the account has no rights on the database',
        type: 'AuthRejected',
        says: /lacks rights, or there is no database control.*GRANT SELECT/s,
        arrange: async (subject) => ({ ...subject.source, database: 'control' }),
      },
    ],
  });

  describe(`a ${title} server`, () => {
    let server: DatabaseServer;

    beforeAll(async () => {
      server = await start();
      await createSubject(server);
      // Large enough that something can happen while it is dumped; its name sorts between the others.
      await server.sql(
        `CREATE TABLE heavy (id INT PRIMARY KEY AUTO_INCREMENT, body LONGTEXT);
         INSERT INTO heavy (body) SELECT REPEAT('It''s heavy. ', 80000) FROM (${numbers(64)}) n;`,
        'tracker',
      );
    }, TIMEOUT_MS);

    afterAll(() => server.stop(), TIMEOUT_MS);

    const serverTest = (name: string, body: (directory: string) => Promise<void>) =>
      test(name, () => withDirectory(body), TIMEOUT_MS);

    /** Dumps, and calls `during` once while rows are coming in: the dump program waits for it, as nobody reads what it writes. */
    async function dump(
      directory: string,
      source: MysqlSource,
      during?: () => void,
    ): Promise<{ target: string; tables: Record<string, number>; context: TestContext; facts: Record<string, unknown> }> {
      const context = createTestContext(SECRETS);
      const target = join(directory, 'dump.sql');
      let hasHappened = false;
      const { facts } = await database.dump(source, target, {
        ...context,
        report: (progress) => {
          context.report(progress);
          if (hasHappened || (progress.bytesDone ?? 0) === 0) return;
          hasHappened = true;
          during?.();
        },
      });
      return { target, tables: facts.tables, context, facts };
    }

    async function refusal(directory: string, source: MysqlSource, during?: () => void): Promise<unknown> {
      const error: unknown = await dump(directory, source, during).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(await readdir(directory)).toEqual([]);
      return error;
    }

    serverTest('every kind of object and value comes back as it was', async (directory) => {
      const { target, facts, context } = await dump(directory, server.source());
      expect(facts).toMatchObject({
        server_family: title.toLowerCase(),
        server_version: await server.sql('SELECT VERSION()'),
        database: 'tracker',
        views: ['done'],
        triggers: ['before_everything'],
        routines: ['function double_it', 'procedure tidy'],
        events: ['nightly'],
      });
      expect(context.warnings).toEqual([]);
      const restored = await loadDump(server, target);
      expect(await countRows(server, restored)).toEqual(await countRows(server, 'tracker'));
      for (const name of ['everything', 'torrents', 'whitelist', 'heavy']) {
        const checksum = async (schema: string) => (await server.sql(`CHECKSUM TABLE ${schema}.${name}`)).split('\t')[1];
        expect(await checksum(restored)).toBe(await checksum('tracker'));
      }
      expect(await server.sql('SELECT double_it(21), COUNT(*) FROM done', restored)).toBe('42\t0');
      await server.sql(`DROP DATABASE ${restored}`);
    });

    serverTest('the password stands neither in an argument nor in the environment of any child', async (directory) => {
      const seen: string[] = [];
      await dump(directory, server.source(), () => {
        for (const pid of childProcesses()) {
          for (const file of ['cmdline', 'environ']) seen.push(readFileSync(`/proc/${pid}/${file}`, 'utf8'));
        }
      });
      expect(seen.some((text) => text.includes('--defaults-file=/dev/fd/3'))).toBe(true);
      expect(seen.filter((text) => text.includes(PASSWORD) || text.includes('ö'))).toEqual([]);
    });

    serverTest('a server that dies in the middle is unavailable, and nothing is left', async (directory) => {
      const error = await refusal(directory, server.source(), () => server.kill());
      await server.restart();
      expect(error).toMatchObject({ type: 'SourceUnavailable', message: expect.stringContaining(`127.0.0.1:${server.port}`) });
    });

    serverTest('a table that is altered meanwhile makes the dump start over', async (directory) => {
      const error = await refusal(directory, server.source(), () =>
        server.sqlNow('ALTER TABLE whitelist ADD COLUMN note INT, ALGORITHM=COPY', 'tracker'),
      );
      expect(error).toMatchObject({ type: 'SourceUnavailable', message: expect.stringContaining('altered') });
    });

    serverTest('a table that is dropped meanwhile makes the dump start over', async (directory) => {
      await server.sql('CREATE TABLE zebra (id INT)', 'tracker');
      const error = await refusal(directory, server.source(), () => server.sqlNow('DROP TABLE zebra', 'tracker'));
      expect(error).toMatchObject({ type: 'SourceUnavailable' });
    });

    serverTest('tables of structure_only come back empty', async (directory) => {
      const source = server.source({ structureOnly: ['heavy', 'it\'s a "table"; -- with (dashes', 'no such table'] });
      const { target, tables, context } = await dump(directory, source);
      const expected = { ...(await countRows(server, 'tracker')), heavy: 0, 'it\'s a "table"; -- with (dashes': 0 };
      expect(tables).toEqual(expected);
      expect(context.warnings).toEqual([expect.stringContaining('no such table')]);
      const restored = await loadDump(server, target);
      expect(await countRows(server, restored)).toEqual(expected);
      await server.sql(`DROP DATABASE ${restored}`);
    });

    serverTest('an account with fewer rights dumps what it may read, and warns of the rest', async (directory) => {
      await server.sql(
        `CREATE USER 'reader'@'127.0.0.1' IDENTIFIED BY ${quote(PASSWORD)};
         GRANT SELECT, SHOW VIEW, EXECUTE ON tracker.* TO 'reader'@'127.0.0.1'`,
      );
      const { facts, context } = await dump(directory, server.source({ user: 'reader', structureOnly: ['heavy'] }));
      expect(facts).toMatchObject({ views: ['done'], triggers: [], routines: [], events: [] });
      expect(context.warnings).toEqual([
        expect.stringContaining('TRIGGER'),
        expect.stringContaining('EVENT'),
        expect.stringMatching(/may not read the body of function double_it, procedure tidy/),
      ]);
      const findings = await database.examine(server.source({ user: 'reader' }), createTestContext(SECRETS));
      expect(findings.map(({ level }) => level)).toEqual(['ok', 'warning', 'warning', 'warning']);
      expect(findings[1]?.advice).toContain("TO 'reader'@'127.0.0.1';");
    });

    serverTest('an account with rights on single tables is told that others are missing', async (directory) => {
      await server.sql(
        `CREATE USER 'narrow'@'127.0.0.1' IDENTIFIED BY ${quote(PASSWORD)};
         GRANT SELECT ON tracker.torrents TO 'narrow'@'127.0.0.1'`,
      );
      const { tables, context } = await dump(directory, server.source({ user: 'narrow' }));
      expect(Object.keys(tables)).toEqual(['torrents']);
      expect(context.warnings[0]).toContain('lacks the privilege SELECT on tracker');
    });

    serverTest('tables outside of InnoDB are named in a warning', async (directory) => {
      await server.sql('CREATE DATABASE loose; CREATE TABLE loose.old (id INT) ENGINE=MyISAM');
      const { context } = await dump(directory, rootSource('loose'));
      expect(context.warnings).toEqual([expect.stringContaining('old (MyISAM)')]);
    });

    serverTest('an empty database is dumped with a warning', async (directory) => {
      await server.sql('CREATE DATABASE bare');
      const { tables, context } = await dump(directory, rootSource('bare'));
      expect(tables).toEqual({});
      expect(context.warnings).toEqual([expect.stringContaining('database bare has no tables')]);
    });

    serverTest('odd names of databases work', async (directory) => {
      const name = '-o"d\'d d.b';
      await server.sql(`CREATE DATABASE \`${name}\`; CREATE TABLE \`${name}\`.\`-a.b\` (id INT PRIMARY KEY)`);
      await server.sql(`INSERT INTO \`${name}\`.\`-a.b\` VALUES (1), (2)`);
      const { tables } = await dump(directory, { ...rootSource(name), structureOnly: [] });
      expect(tables).toEqual({ '-a.b': 2 });
      const emptied = await dump(directory, { ...rootSource(name), structureOnly: ['-a.b'] });
      expect(emptied.tables).toEqual({ '-a.b': 0 });
    });

    serverTest('a view that refers to nothing is refused with the words of the server', async (directory) => {
      await server.sql('CREATE DATABASE broken; CREATE TABLE broken.t (a INT); CREATE VIEW broken.v AS SELECT a FROM broken.t');
      await server.sql('DROP TABLE broken.t');
      expect(await refusal(directory, rootSource('broken'))).toMatchObject({
        type: 'DumpRejected',
        message: expect.stringContaining('references invalid table'),
      });
    });

    /** By the socket, without a password. */
    function rootSource(name: string): MysqlSource {
      return server.source({
        address: { kind: 'socket', path: server.socket },
        user: 'root',
        password: undefined,
        database: name,
      });
    }
  });
}
