import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { findClients, parseClientVersion } from '../../../../../activities/databases/mysql/clients.ts';
import { createPrograms } from '../../../../../process/programs.ts';
import { withDirectory } from '../../../../support/phase-context.ts';

test.each([
  ['mysqldump  Ver 9.7.4-2 for Linux on x86_64 ((Debian))', 'mysql', '9.7.4'],
  ['mysqldump  Ver 10.13 Distrib 5.7.44, for Linux (x86_64)', 'mysql', '5.7.44'],
  ['mariadb-dump  Ver 10.19 Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)', 'mariadb', '10.11.19'],
  ['mysqldump  Ver 10.19 Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)', 'mariadb', '10.11.19'],
  ['mariadb-dump from 11.8.9-MariaDB, client 10.20 for debian-linux-gnu (x86_64)', 'mariadb', '11.8.9'],
  ['/opt/mariadb/bin/mysql  Ver 8.0.45 for Linux on x86_64', 'mysql', '8.0.45'],
])('%s', (output, family, version) => {
  expect(parseClientVersion(output)).toEqual({ family, version });
});

test('programs are paired by family, whatever they are called', async () => {
  await withDirectory(async (directory) => {
    const place = async (name: string, version: string) => {
      await writeFile(join(directory, name), `#!/bin/sh\necho '${name}  Ver ${version}'\n`);
      await chmod(join(directory, name), 0o755);
    };
    const find = async () => findClients(createPrograms({ PATH: directory }), new AbortController().signal);
    await place('mysql', '9.7.4 for Linux');
    await expect(find()).rejects.toMatchObject({
      type: 'ToolMissing',
      message: expect.stringContaining('install mariadb-client'),
    });
    await place('mysqldump', '10.19 Distrib 10.11.19-MariaDB, for Linux');
    await expect(find()).rejects.toMatchObject({ type: 'ToolMissing' });
    await place('mariadb', '15.1 Distrib 10.11.19-MariaDB, for Linux');
    expect(await find()).toEqual([
      { family: 'mariadb', version: '10.11.19', major: 10, queryProgram: 'mariadb', dumpProgram: 'mysqldump' },
    ]);
  });
});
