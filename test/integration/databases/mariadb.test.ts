import { expect, test } from '@jest/globals';
import { createMysqlDatabase } from '../../../activities/databases/mysql/index.ts';
import { startMariadb } from '../../support/mariadb-server.ts';
import { describeIncrementalContract } from '../../support/mysql-chain.ts';
import { describeMysqlFamily } from '../../support/mysql-family.ts';
import { createTestContext, programs, withDirectory } from '../../support/phase-context.ts';

describeMysqlFamily({ title: 'MariaDB', programs, start: () => startMariadb() });
describeIncrementalContract({ title: 'MariaDB', programs, start: () => startMariadb() });

test('TLS that the server does not have is refused instead of done without', async () => {
  const server = await startMariadb(['--skip-ssl']);
  try {
    await server.sql("CREATE DATABASE tracker; CREATE USER 'backup'@'127.0.0.1'; GRANT ALL ON tracker.* TO 'backup'@'127.0.0.1'");
    const source = server.source({ password: undefined, tls: 'required' });
    await withDirectory(async (directory) => {
      const dump = createMysqlDatabase(programs).dump(source, `${directory}/x.sql`, createTestContext());
      await expect(dump).rejects.toMatchObject({ type: 'ConfigInvalid', message: expect.stringContaining('not encrypted') });
    });
  } finally {
    await server.stop();
  }
}, 60_000);
