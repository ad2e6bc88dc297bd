import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { DatabaseServer } from '../support/database-server.ts';
import { startMariadb } from '../support/mariadb-server.ts';
import { isWithoutMysql, MYSQL_BIN, startMysql } from '../support/mysql-server.ts';
import { RestoreScene, renderScene } from '../support/restore-scene.ts';

// The same dumps as in restore.test.ts, of MySQL where there is one, and what happens between the two families.
let scene: RestoreScene;
let other: DatabaseServer;

beforeAll(async () => {
  const environment = { PATH: `${MYSQL_BIN}:${process.env['PATH']}` };
  scene = await RestoreScene.create(isWithoutMysql ? startMariadb : startMysql, environment);
  other = await startMariadb();
}, 240_000);

afterAll(async () => {
  await scene.stop();
  await other.stop();
});

test('a MySQL database that was dropped comes back with every row, routine, trigger, event and view', async () => {
  const before = await scene.everythingIn('tracker');
  await scene.server.sql('DROP DATABASE tracker');
  const { exitCode, result } = await scene.restore('--load', 'mysql/tracker');
  expect({ exitCode, failure: result.failure }).toEqual({ exitCode: 0, failure: undefined });
  expect(await scene.everythingIn('tracker')).toBe(before);
  expect(before).toMatch(/CREATE.*VIEW|VIEW `done`/);
}, 180_000);

(isWithoutMysql ? test.skip : test)(
  'a dump of MySQL is refused by a server of MariaDB before anything is loaded',
  async () => {
    await scene.holdfast.down();
    await scene.holdfast.configure((directory) => renderScene(directory, other.socket));
    await scene.holdfast.up();
    const { exitCode, stderr } = await scene.holdfast.cli('restore', 'tracker', '--load', 'mysql/tracker', '--yes');
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: expect.stringMatching(/the dump is of mysql .*, and the server is mariadb/),
    });
    expect(await other.sql('SHOW DATABASES')).not.toContain('tracker');
  },
  180_000,
);
