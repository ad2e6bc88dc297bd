import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { manifestSchema } from '../../activities/stage/manifest.ts';
import type { MysqlSource } from '../../config/types.ts';
import type { ContractSubject } from '../support/database-contract.ts';
import type { DatabaseServer } from '../support/database-server.ts';
import { Holdfast, renderConfiguration } from '../support/holdfast.ts';
import { startMariadb } from '../support/mariadb-server.ts';
import { isWithoutMysql, MYSQL_BIN, startMysql } from '../support/mysql-server.ts';
import { createSubject, PASSWORD } from '../support/mysql-subject.ts';

// A whole run over real servers that are written to meanwhile: MariaDB and MySQL side by side in one plan.
interface Subject {
  name: string;
  server: DatabaseServer;
  database: ContractSubject<MysqlSource>;
}

const subjects: Subject[] = [];
let holdfast: Holdfast;

async function start(name: string, server: DatabaseServer): Promise<void> {
  subjects.push({ name, server, database: await createSubject(server) });
}

beforeAll(async () => {
  await start('maria', await startMariadb());
  if (!isWithoutMysql) await start('mysql', await startMysql());
  const sources = subjects.map(
    ({ name, server }) =>
      `  ${name}: { host: 127.0.0.1, port: ${server.port}, user: backup, password: { env: DB_PASSWORD }, database: tracker }`,
  );
  holdfast = await Holdfast.create(
    (directory) => renderConfiguration(directory, { sources: ['mysql:', ...sources].join('\n') }),
    {
      environment: { DB_PASSWORD: PASSWORD, PATH: `${MYSQL_BIN}:${process.env['PATH']}` },
    },
  );
  await holdfast.restic('init');
  await holdfast.up();
}, 180_000);

afterAll(async () => {
  await holdfast.stop();
  for (const { server } of subjects) await server.stop();
}, 60_000);

test('live MariaDB and MySQL databases come back from one snapshot, each with its own rows', async () => {
  const writers = await Promise.all(subjects.map(({ database }) => database.startWriter()));
  const { exitCode, run } = await holdfast.backup('tracker');
  for (const writer of writers) await writer.stop();
  expect(run.failure).toBeUndefined();
  expect(exitCode).toBe(0);

  const target = join(holdfast.directory, 'restored');
  await holdfast.restic('restore', run.snapshot_id ?? '', '--target', target);
  const manifest = manifestSchema.parse(JSON.parse(await readFile(join(target, 'manifest.json'), 'utf8')));
  for (const { name, database } of subjects) {
    const rows = await database.restore(join(target, `mysql/${name}.sql`), target);
    expect(manifest.sources[`mysql/${name}`]).toMatchObject({
      tables: rows,
      views: ['done'],
      triggers: ['before_everything'],
      events: ['nightly'],
      server_family: name === 'maria' ? 'mariadb' : 'mysql',
    });
  }
}, 120_000);

test('doctor is content with both, and says so by name', async () => {
  const result = await holdfast.cli('doctor', '--json');
  expect(result.exitCode).toBe(0);
  for (const { name } of subjects) expect(result.stdout).toContain(`plans.tracker.sources.mysql.${name}`);
}, 60_000);
