import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, lstat, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Holdfast } from '../support/holdfast.ts';
import { RestoreScene } from '../support/restore-scene.ts';
import { createTrackerDatabase, sqlite3 } from '../support/tracker-database.ts';

let scene: RestoreScene;
let holdfast: Holdfast;
let data: string;

beforeAll(async () => {
  scene = await RestoreScene.create();
  ({ holdfast, data } = scene);
}, 180_000);

afterAll(async () => {
  await scene.stop();
});

test('in place says what it would replace and does nothing without --yes; with it the old stays beside the new', async () => {
  const path = join(data, 'lib/wal.db');
  const good = await sqlite3(path, '.dump');
  await chown(path, 4321, 5432);
  await chmod(path, 0o660);
  // Left by a service that died: the newest commit is in the write-ahead log alone.
  await holdfast.tool('python3', [
    '-c',
    `import os, sqlite3\nc = sqlite3.connect(${JSON.stringify(path)})\nc.execute("PRAGMA wal_autocheckpoint=0")\nc.execute("DELETE FROM torrents WHERE id > 10")\nc.commit()\nos._exit(0)`,
  ]);
  expect((await lstat(`${path}-wal`)).size).toBeGreaterThan(0);
  const asked = await holdfast.cli('restore', 'tracker', '--in-place', '--only', 'sqlite/wal', 'files/config');
  expect(asked.exitCode).toBe(2);
  expect(asked.stderr).toContain(`sqlite/wal: ${path} (kept beside it`);
  expect(asked.stderr).toContain(`files/config: ${data}/etc (kept beside it`);
  expect(asked.stderr).toContain('--yes');
  expect((await readdir(join(data, 'lib'))).filter((name) => name.includes('before'))).toEqual([]);

  const { exitCode, result } = await scene.restore('--in-place', '--only', 'sqlite/wal', 'files/config', '--yes');
  expect({ exitCode, failure: result.failure }).toEqual({ exitCode: 0, failure: undefined });
  expect(await sqlite3(path, '.dump')).toBe(good);
  const found = await lstat(path);
  expect([found.uid, found.gid, found.mode & 0o777]).toEqual([4321, 5432, 0o660]);
  const kept = result.kept.find((name) => name.includes('wal.db.before-')) ?? '';
  expect(await sqlite3(kept, 'SELECT count(*) FROM torrents')).toBe('10');
  expect(result.kept).toHaveLength(3);
  expect((await readdir(join(data, 'lib'))).filter((name) => name.includes('restoring'))).toEqual([]);
}, 180_000);

test('in place is refused while a process holds the database, and names its pid and command', async () => {
  const path = join(data, 'lib/rollback.db');
  const before = await readFile(path);
  const script =
    'import sqlite3, sys, time\nc = sqlite3.connect(sys.argv[1])\nc.execute("SELECT 1 FROM torrents").fetchone()\nprint("open", flush=True)\ntime.sleep(600)';
  const holder = spawn('python3', ['-c', script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(holder.stdout, 'data');
    const refused = await holdfast.cli('restore', 'tracker', '--in-place', '--only', 'sqlite/rollback', '--yes');
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(new RegExp(`pid ${holder.pid} \\(\\S*python3 -c import sqlite3`));
    expect(refused.stderr).toContain('other containers cannot be seen');
  } finally {
    const closed = once(holder, 'close');
    holder.kill('SIGKILL');
    await closed;
  }
  expect(await readFile(path)).toEqual(before);
}, 120_000);

test('a load into a database with tables needs --yes, and can go into another one', async () => {
  const before = await scene.everythingIn('tracker');
  const refused = await holdfast.cli('restore', 'tracker', '--load', 'mysql/tracker');
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toMatch(/database tracker on .*, with \d+ tables/);
  const { exitCode, result } = await scene.restore('--load', 'mysql/tracker', '--into', 'tracker_copy');
  expect({ exitCode, failure: result.failure }).toEqual({ exitCode: 0, failure: undefined });
  expect(await scene.everythingIn('tracker_copy')).toBe(before);
  await scene.server.sql('DROP TABLE whitelist; DELETE FROM everything', 'tracker');
  expect((await scene.restore('--load', 'mysql/tracker', '--yes')).exitCode).toBe(0);
  expect(await scene.everythingIn('tracker')).toBe(before);
}, 180_000);

test('a worker killed in the middle of a restore in place leaves a whole database, and the restore comes to its end', async () => {
  const path = join(data, 'lib/wal.db');
  await createTrackerDatabase(`${path}.big`, { journalMode: 'wal', bytes: 150_000_000 });
  await rm(path);
  await holdfast.tool('mv', [`${path}.big`, path]);
  const good = await sqlite3(path, 'SELECT count(*), hex(max(info_hash)) FROM torrents');
  expect((await holdfast.backup('tracker')).run.outcome).toBe('succeeded');
  await sqlite3(path, 'DELETE FROM torrents WHERE id > 5');
  const workflowId = 'restore-to-kill';
  await holdfast.withClient(async (client) => {
    const input = { plan: 'tracker', only: ['sqlite/wal'], in_place: true, confirmed: true };
    await client.workflow.start('restore', { workflowId, taskQueue: 'holdfast-test-host', args: [input] });
    const deadline = Date.now() + 60_000;
    while (Date.now() < deadline && !(await readdir(join(data, 'lib'))).some((name) => name.includes('.restoring-')))
      await sleep(5);
  });
  await holdfast.down('SIGKILL');
  const whole = await sqlite3(path, 'PRAGMA integrity_check; SELECT count(*) FROM torrents');
  expect(whole).toMatch(/^ok\n(5|\d{6,})$/);
  await holdfast.up();
  await holdfast.withClient(async (client) => {
    await client.workflow.getHandle(workflowId).result();
  });
  expect(await sqlite3(path, 'SELECT count(*), hex(max(info_hash)) FROM torrents')).toBe(good);
  expect((await readdir(join(data, 'lib'))).filter((name) => name.includes('restoring'))).toEqual([]);
  await holdfast.recordHistory(workflowId, 'restore-in-place');
}, 240_000);
