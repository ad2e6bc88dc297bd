import { join } from 'node:path';
import { createPrograms } from '../../process/programs.ts';
import { DatabaseServer } from './database-server.ts';

/** Debian keeps servers in a directory that is not on everybody's PATH. */
const programs = createPrograms({ ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin` });

/** Starts a MariaDB server of its own. `args` are added to mariadbd's. @throws {ProgramMissing} where mariadb-server is missing. */
export async function startMariadb(args: readonly string[] = []): Promise<DatabaseServer> {
  return DatabaseServer.start({
    title: 'MariaDB',
    programs,
    serverProgram: 'mariadbd',
    queryProgram: 'mariadb',
    args: ['--innodb-buffer-pool-size=64M', '--innodb-flush-log-at-trx-commit=0', '--skip-log-bin', ...args],
    initialise: async (directory) => {
      const result = await programs.run({
        program: 'mariadb-install-db',
        args: [
          '--no-defaults',
          `--datadir=${join(directory, 'data')}`,
          '--auth-root-authentication-method=normal',
          '--skip-test-db',
          ...(process.getuid?.() === 0 ? ['--user=root'] : []),
        ],
      });
      if (result.exitCode !== 0) throw new Error(`mariadb-install-db: ${result.stdout}${result.stderr}`);
    },
  });
}
