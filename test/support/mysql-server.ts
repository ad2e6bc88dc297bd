import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPrograms, type Programs } from '../../process/programs.ts';
import { DatabaseServer } from './database-server.ts';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Where scripts/setup.mjs puts a real MySQL: server, client and dump program. */
export const MYSQL_BIN = join(ROOT, '.tools', 'mysql', 'bin');

/** Finds MySQL's own programs ahead of MariaDB's of the same name. */
export const mysqlPrograms: Programs = createPrograms({ ...process.env, PATH: `${MYSQL_BIN}:${process.env['PATH'] ?? ''}` });

/** Whether the tests of MySQL are to be left out. A MySQL that is merely missing makes them fail instead. */
export const isWithoutMysql = process.env['HOLDFAST_WITHOUT_MYSQL'] === '1';

/** Starts a MySQL server of its own. `args` are added to mysqld's. @throws {ProgramMissing} where set-up could not get one. */
export async function startMysql(args: readonly string[] = []): Promise<DatabaseServer> {
  const serverProgram = join(MYSQL_BIN, 'mysqld');
  const user = process.getuid?.() === 0 ? ['--user=root'] : [];
  return DatabaseServer.start({
    title: 'MySQL',
    programs: mysqlPrograms,
    serverProgram,
    queryProgram: join(MYSQL_BIN, 'mysql'),
    args: [
      '--secure-file-priv=',
      '--mysqlx=OFF',
      '--innodb-buffer-pool-size=64M',
      '--innodb-flush-log-at-trx-commit=0',
      '--skip-log-bin',
      ...args,
    ],
    initialise: async (directory) => {
      const result = await mysqlPrograms.run({
        program: serverProgram,
        args: ['--no-defaults', '--initialize-insecure', `--datadir=${join(directory, 'data')}`, ...user],
      });
      if (result.exitCode !== 0) throw new Error(`mysqld --initialize-insecure: ${result.stderr}`);
    },
  });
}
