import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createMysqlDatabase } from '../../../activities/databases/mysql/index.ts';
import type { DatabaseServer } from '../../support/database-server.ts';
import { describeIncrementalContract } from '../../support/mysql-chain.ts';
import { describeMysqlFamily } from '../../support/mysql-family.ts';
import { isWithoutMysql, mysqlPrograms, startMysql } from '../../support/mysql-server.ts';
import { countRows, createSubject, loadDump, SECRETS } from '../../support/mysql-subject.ts';
import { createTestContext, programs, withDirectory } from '../../support/phase-context.ts';

if (isWithoutMysql) {
  describe.skip('MySQL, left out by HOLDFAST_WITHOUT_MYSQL=1', () => {
    test('is not there', () => undefined);
  });
} else {
  describeMysqlFamily({ title: 'MySQL', programs: mysqlPrograms, start: () => startMysql() });
  describeIncrementalContract({ title: 'MySQL', programs: mysqlPrograms, start: () => startMysql() });
  describe('a MySQL server and its clients', describeClients);
}

function describeClients(): void {
  let server: DatabaseServer;

  beforeAll(async () => {
    server = await startMysql();
    await createSubject(server);
  }, 60_000);

  afterAll(() => server.stop());

  test("MariaDB's client dumps it too, without a warning, unless the dump would not load", async () => {
    const database = createMysqlDatabase(programs);
    await withDirectory(async (directory) => {
      const target = `${directory}/x.sql`;
      await expect(database.dump(server.source(), target, createTestContext(SECRETS))).rejects.toMatchObject({
        type: 'ToolMissing',
        message: expect.stringMatching(
          /would not load again: generated or invisible columns in everything\. Install MySQL's own/,
        ),
      });
      await server.sql('ALTER TABLE everything DROP COLUMN whole', 'tracker');
      const context = createTestContext(SECRETS);
      const dump = await database.dump(server.source(), target, context);
      expect(dump.method).toMatch(/^mariadb-dump \d/);
      expect(dump.facts).toMatchObject({ server_family: 'mysql', events: ['nightly'], triggers: ['before_everything'] });
      expect(context.warnings).toEqual([]);
      expect(await countRows(server, await loadDump(server, target))).toEqual(dump.facts.tables);
    });
  }, 60_000);

  test('each way of TLS does what it says', async () => {
    const examine = async (overrides: Parameters<DatabaseServer['source']>[0], runner = mysqlPrograms) => {
      const [finding] = await createMysqlDatabase(runner).examine(server.source(overrides), createTestContext(SECRETS));
      return `${finding?.level}: ${finding?.message}`;
    };
    for (const runner of [mysqlPrograms, programs]) {
      expect(await examine({ tls: 'disabled' }, runner)).toMatch(/^ok: .*\(no TLS\)/);
      expect(await examine({ tls: 'preferred' }, runner)).toMatch(/^ok: .*\(TLS TLS_/);
      expect(await examine({ tls: 'required' }, runner)).toMatch(/^ok: .*\(TLS TLS_/);
      // Nobody has signed the certificate that mysqld makes for itself.
      expect(await examine({ tls: 'verify' }, runner)).toMatch(/^problem: .*no TLS connection as `tls: verify`/);
    }
  }, 60_000);
}
