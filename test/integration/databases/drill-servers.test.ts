import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createMysqlDatabase } from '../../../activities/databases/mysql/index.ts';
import type { RestoredDatabase } from '../../../activities/databases/restored-database.ts';
import type { MysqlFacts } from '../../../activities/stage/manifest.ts';
import type { ScratchMysql, Verification, VerificationQuery } from '../../../config/types.ts';
import type { Check } from '../../../contract/verify.ts';
import type { DatabaseServer } from '../../support/database-server.ts';
import { startMariadb } from '../../support/mariadb-server.ts';
import { createSubject, SECRETS } from '../../support/mysql-subject.ts';
import { createTestContext, programs, withDirectory } from '../../support/phase-context.ts';
import { findFreePort } from '../../support/temporal-server.ts';

const database = createMysqlDatabase(programs);
const QUERY: VerificationQuery = { source: { kind: 'mysql', name: 'tracker' }, sql: 'SELECT COUNT(*) FROM torrents', atLeast: 1 };

let server: DatabaseServer;
beforeAll(async () => {
  server = await startMariadb();
  await createSubject(server);
}, 120_000);
afterAll(() => server.stop(), 60_000);

/** Dumps the server's database and looks at the dump as a drill does. */
async function drill(
  directory: string,
  options: { scratchMysql?: ScratchMysql; change?: (file: string) => Promise<void>; facts?: Partial<MysqlFacts> } = {},
): Promise<Check[]> {
  const file = join(directory, 'tracker.sql');
  const { facts } = await database.dump(server.source(), file, createTestContext(SECRETS));
  await options.change?.(file);
  const scratchDirectory = join(directory, 'scratch');
  await mkdir(scratchDirectory);
  const verification = { scratchMysql: options.scratchMysql, requiredFiles: [], queries: [QUERY] } as unknown as Verification;
  const restored: RestoredDatabase<MysqlFacts> = {
    source: { kind: 'mysql', name: 'tracker' },
    file,
    facts: { ...(facts as MysqlFacts), ...options.facts },
    scratchDirectory,
    verification,
    runId: '0c5c8f4e-8a5d-4b36-9a2e-2d1d3e0f7a11',
  };
  return database.verifyRestored(restored, createTestContext(SECRETS));
}

function configured(port = server.port): ScratchMysql {
  return { ...server.source({ address: { kind: 'tcp', host: '127.0.0.1', port }, user: 'root', password: undefined }) };
}

function notPassed(checks: Check[]): Check[] {
  return checks.filter(({ status }) => status !== 'pass');
}

test(
  'a dump with every kind of object and value passes in a server of the drill',
  () =>
    withDirectory(async (directory) => {
      const checks = await drill(directory);
      expect(notPassed(checks)).toEqual([]);
      expect(checks.map(({ name }) => name)).toContain('mysql/tracker events');
    }),
  120_000,
);

test(
  'a dump that begins with the sandbox line of May 2024 loads all the same',
  () =>
    withDirectory(async (directory) => {
      const change = async (file: string) => {
        const text = (await readFile(file, 'utf8')).replace(/^\/\*M!999999[^\n]*\n/, '');
        await writeFile(file, `/*!999999\\- enable the sandbox mode */ \n${text}`);
      };
      expect(notPassed(await drill(directory, { change }))).toEqual([]);
    }),
  120_000,
);

test(
  'a configured server is used, and the database of the drill is dropped from it',
  () =>
    withDirectory(async (directory) => {
      await server.sql("CREATE USER 'drill'@'127.0.0.1'; GRANT ALL ON *.* TO 'drill'@'127.0.0.1'");
      const checks = await drill(directory, { scratchMysql: { ...configured(), user: 'drill' } });
      expect(notPassed(checks)).toEqual([]);
      expect(await server.sql("SHOW DATABASES LIKE 'holdfast%'")).toBe('');
    }),
  120_000,
);

test(
  'where no server can be had the load and the queries are skipped, and it is said why',
  () =>
    withDirectory(async (directory) => {
      const checks = await drill(directory, { scratchMysql: configured(await findFreePort()) });
      expect(checks.map(({ name, status }) => `${status} ${name}`)).toEqual([
        'pass mysql/tracker completion line',
        'skipped mysql/tracker load',
        'skipped mysql/tracker query: SELECT COUNT(*) FROM torrents',
      ]);
      expect(checks[1]?.message).toMatch(/verification\.scratch\.mysql cannot be used: .*no database server answers/s);
    }),
  120_000,
);

test(
  'a configured server of the other family is not used',
  () =>
    withDirectory(async (directory) => {
      await server.sql("CREATE USER IF NOT EXISTS 'drill'@'127.0.0.1'");
      const checks = await drill(directory, {
        scratchMysql: { ...configured(), user: 'drill' },
        facts: { server_family: 'mysql', server_version: '9.7.0' },
      });
      expect(checks[1]).toMatchObject({ status: 'skipped', message: expect.stringContaining('one of mysql is needed') });
    }),
  120_000,
);
