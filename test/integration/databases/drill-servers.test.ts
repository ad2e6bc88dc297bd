import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createMysqlDatabase } from '../../../activities/databases/mysql/index.ts';
import type { RestoredDatabase } from '../../../activities/databases/restored-database.ts';
import type { MysqlFacts } from '../../../activities/stage/manifest.ts';
import type { ScratchMysql, Verification, VerificationQuery } from '../../../config/types.ts';
import type { Check } from '../../../contract/verify.ts';
import type { Programs } from '../../../process/programs.ts';
import { findFreePort } from '../../../worker/free-port.ts';
import type { DatabaseServer } from '../../support/database-server.ts';
import { startMariadb } from '../../support/mariadb-server.ts';
import { isWithoutMysql, mysqlPrograms, startMysql } from '../../support/mysql-server.ts';
import { createSubject, SECRETS } from '../../support/mysql-subject.ts';
import { createTestContext, programs, withDirectory } from '../../support/phase-context.ts';

const QUERY: VerificationQuery = { source: { kind: 'mysql', name: 'tracker' }, sql: 'SELECT COUNT(*) FROM torrents', atLeast: 1 };
const TIMEOUT_MS = 120_000;

interface Family {
  title: string;
  tools: Programs;
  other: 'mysql' | 'mariadb';
  start(this: void): Promise<DatabaseServer>;
}

const FAMILIES: Family[] = [
  { title: 'MariaDB', tools: programs, other: 'mysql', start: async () => startMariadb() },
  { title: 'MySQL', tools: mysqlPrograms, other: 'mariadb', start: async () => startMysql() },
];

for (const family of FAMILIES.filter(({ title }) => title !== 'MySQL' || !isWithoutMysql)) {
  describe(`a drill of ${family.title}`, () => describeDrills(family));
}

interface DrillOptions {
  scratchMysql?: ScratchMysql;
  change?: (file: string) => Promise<void>;
  facts?: Partial<MysqlFacts>;
}

function describeDrills({ tools, other, start }: Family): void {
  const database = createMysqlDatabase(tools);
  let server: DatabaseServer;

  beforeAll(async () => {
    server = await start();
    await createSubject(server);
    await server.sql("CREATE USER 'drill'@'127.0.0.1'; GRANT ALL ON *.* TO 'drill'@'127.0.0.1'");
  }, TIMEOUT_MS);

  afterAll(() => server.stop(), TIMEOUT_MS);

  const drillTest = (name: string, body: (drill: (options?: DrillOptions) => Promise<Check[]>) => Promise<void>) =>
    test(name, () => withDirectory((directory) => body((options = {}) => drillIn(directory, options))), TIMEOUT_MS);

  /** Dumps the server's database and looks at the dump as a drill does. */
  async function drillIn(directory: string, options: DrillOptions): Promise<Check[]> {
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

  const configured = (port = server.port): ScratchMysql =>
    server.source({ address: { kind: 'tcp', host: '127.0.0.1', port }, user: 'drill', password: undefined });

  drillTest('passes for every kind of object and value, in a server of its own', async (drill) => {
    const checks = await drill();
    expect(notPassed(checks)).toEqual([]);
    expect(checks.map(({ name }) => name)).toContain('mysql/tracker events');
  });

  drillTest('loads a dump that begins with the sandbox line of May 2024', async (drill) => {
    const change = async (file: string) => {
      const text = (await readFile(file, 'latin1')).replace(/^\/\*M!999999[^\n]*\n/, '');
      await writeFile(file, `/*!999999\\- enable the sandbox mode */ \n${text}`, 'latin1');
    };
    expect(notPassed(await drill({ change }))).toEqual([]);
  });

  drillTest('uses a configured server, and drops its database there', async (drill) => {
    expect(notPassed(await drill({ scratchMysql: configured() }))).toEqual([]);
    expect(await server.sql("SHOW DATABASES LIKE 'holdfast%'")).toBe('');
  });

  drillTest('skips load and queries where no server is to be had, and says why', async (drill) => {
    const checks = await drill({ scratchMysql: configured(await findFreePort()) });
    expect(checks.map(({ name, status }) => `${status} ${name}`)).toEqual([
      'pass mysql/tracker completion line',
      'skipped mysql/tracker load',
      'skipped mysql/tracker query: SELECT COUNT(*) FROM torrents',
    ]);
    expect(checks[1]?.message).toMatch(/verification\.scratch\.mysql cannot be used: .*no database server answers/s);
  });

  drillTest('does not use a configured server of the other family', async (drill) => {
    const checks = await drill({ scratchMysql: configured(), facts: { server_family: other } });
    expect(checks[1]).toMatchObject({ status: 'skipped', message: expect.stringContaining(`one of ${other} is needed`) });
  });
}

function notPassed(checks: Check[]): Check[] {
  return checks.filter(({ status }) => status !== 'pass');
}
