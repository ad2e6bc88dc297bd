import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { RestoreDocument } from '../../client/runs/restore-document.ts';
import type { DatabaseServer } from '../support/database-server.ts';
import { Holdfast, renderConfiguration } from '../support/holdfast.ts';
import { startMariadb } from '../support/mariadb-server.ts';
import { createSubject } from '../support/mysql-subject.ts';
import { createTrackerDatabase, restoreTrackerDatabase, sqlite3 } from '../support/tracker-database.ts';

const SOURCES = (directory: string, server: DatabaseServer) => `
files:
  config: { base: ${directory}/data, paths: [etc, "*.env"], exclude: ["*.log"] }
sqlite:
  wal: { path: ${directory}/data/lib/wal.db }
  rollback: { path: ${directory}/data/lib/rollback.db }
mysql:
  tracker: { socket: ${server.socket}, user: root, database: tracker }
`;
const EXTRA = (directory: string) => `
archive: { directory: ${directory}/archives }
`;

let server: DatabaseServer;
let holdfast: Holdfast;
let data: string;
let first: { snapshotId: string; at: string };

/** Everything in a MariaDB database, as text: rows, routines, triggers, events, views, and where AUTO_INCREMENT stands. */
async function everythingIn(database: string): Promise<string> {
  const args = [
    '--no-defaults',
    `--socket=${server.socket}`,
    '--user=root',
    '--routines',
    '--events',
    '--triggers',
    '--hex-blob',
  ];
  const text = await holdfast.tool('mariadb-dump', [...args, '--skip-dump-date', '--order-by-primary', database]);
  return text.replaceAll(`\`${database}\``, '').replaceAll(/^-- .*(?:Host|database).*$/gm, '');
}

async function listFiles(directory: string): Promise<string> {
  const format = '%P\\t%y\\t%m\\t%T@\\t%U\\t%G\\t%l\\0';
  return holdfast.tool('find', ['.', '!', '-name', '*.log', '-printf', format], { cwd: directory });
}

async function restore(...args: string[]): Promise<{ exitCode: number; stderr: string; result: RestoreDocument }> {
  const { exitCode, stdout, stderr } = await holdfast.cli('restore', 'tracker', '--json', ...args);
  if (!stdout.startsWith('{')) throw new Error(`restore printed no JSON: ${stdout}${stderr}`);
  return { exitCode, stderr, result: JSON.parse(stdout) as RestoreDocument };
}

beforeAll(async () => {
  server = await startMariadb();
  await createSubject(server);
  const render = (directory: string) =>
    renderConfiguration(directory, { sources: SOURCES(directory, server), extra: EXTRA(directory) });
  holdfast = await Holdfast.create(render);
  data = join(holdfast.directory, 'data');
  await mkdir(join(data, 'etc/empty'), { recursive: true });
  await mkdir(join(data, 'lib'));
  await writeFile(join(data, 'etc/app.toml'), 'generation = 1\n', { mode: 0o640 });
  await writeFile(Buffer.concat([Buffer.from(`${data}/etc/`), Buffer.from([0xff, 0x0a, 0xfe])]), 'not UTF-8');
  await symlink('../nowhere', join(data, 'etc/link'));
  await writeFile(join(data, '.env'), 'SECRET=1\n');
  await chown(join(data, '.env'), 1234, 2345);
  await chmod(join(data, '.env'), 0o600);
  await createTrackerDatabase(join(data, 'lib/wal.db'), { journalMode: 'wal', bytes: 3_000_000 });
  await createTrackerDatabase(join(data, 'lib/rollback.db'), { journalMode: 'delete', bytes: 1_000_000 });
  await holdfast.up();
  expect(await holdfast.cli('init')).toMatchObject({ exitCode: 0 });
  const { run } = await holdfast.backup('tracker');
  expect(run.failure).toBeUndefined();
  first = { snapshotId: run.snapshot_id ?? '', at: new Date().toISOString() };
}, 180_000);

afterAll(async () => {
  await holdfast?.stop();
  await server?.stop();
});

test('with nothing but the repository and holdfast.yaml an empty machine gets every byte, row and routine back', async () => {
  const before = {
    etc: await listFiles(join(data, 'etc')),
    env: await lstat(join(data, '.env')),
    wal: await sqlite3(join(data, 'lib/wal.db'), '.dump'),
    rollback: await sqlite3(join(data, 'lib/rollback.db'), '.dump'),
    mysql: await everythingIn('tracker'),
  };
  await holdfast.down('SIGKILL');
  for (const name of ['data', 'state', 'staging', 'restore', 'archives', 'cache']) {
    await rm(join(holdfast.directory, name), { recursive: true, force: true });
  }
  await server.sql('DROP DATABASE tracker');
  await mkdir(data);
  await holdfast.up();

  const tree = await restore();
  expect(tree.result.failure).toBeUndefined();
  expect(tree).toMatchObject({
    exitCode: 0,
    result: { outcome: 'succeeded', verified: true, snapshot_id: first.snapshotId, overwrote: [], warnings: [] },
  });
  await holdfast.recordHistory(tree.result.workflow_id, 'restore-succeeded');
  const path = tree.result.path ?? '';
  expect(path).toMatch(new RegExp(`^${holdfast.directory}/restore/tracker-\\d{8}T\\d{6}Z-[0-9a-f]{8}$`));
  expect((await lstat(path)).mode & 0o777).toBe(0o700);
  expect(await listFiles(join(path, 'files/config/etc'))).toBe(before.etc);
  await restoreTrackerDatabase(join(path, 'sqlite/wal.db'), holdfast.directory);

  const inPlace = await restore('--in-place');
  expect(inPlace.result.failure).toBeUndefined();
  expect(inPlace).toMatchObject({ exitCode: 0, result: { path: null, verified: true, kept: [] } });
  expect(inPlace.result.warnings.join()).toContain('--load mysql/tracker');
  expect(await listFiles(join(data, 'etc'))).toBe(before.etc);
  expect(await readFile(Buffer.concat([Buffer.from(`${data}/etc/`), Buffer.from([0xff, 0x0a, 0xfe])]), 'utf8')).toBe('not UTF-8');
  const env = await lstat(join(data, '.env'));
  expect([env.uid, env.gid, env.mode, env.mtimeMs]).toEqual([1234, 2345, before.env.mode, before.env.mtimeMs]);
  for (const [name, mode] of [
    ['wal', 'wal'],
    ['rollback', 'delete'],
  ] as const) {
    expect(await sqlite3(join(data, `lib/${name}.db`), '.dump')).toBe(before[name]);
    expect(await sqlite3(join(data, `lib/${name}.db`), 'PRAGMA journal_mode; PRAGMA integrity_check')).toBe(`${mode}\nok`);
  }

  const loaded = await restore('--load', 'mysql/tracker');
  expect(loaded.result.failure).toBeUndefined();
  expect(loaded).toMatchObject({ exitCode: 0, result: { path: null, verified: true } });
  expect(await everythingIn('tracker')).toBe(before.mysql);
  expect(await readdir(join(holdfast.directory, 'restore'))).toHaveLength(1);
}, 300_000);

test('an older snapshot is found by time, by the beginning of its id, and one source or file alone can be had', async () => {
  await writeFile(join(data, 'etc/app.toml'), 'generation = 2\n');
  expect((await holdfast.backup('tracker')).run.outcome).toBe('succeeded');
  const tomlOf = async (...args: string[]) => {
    const { exitCode, result } = await restore('--only', 'files/config', ...args);
    expect({ exitCode, failure: result.failure }).toEqual({ exitCode: 0, failure: undefined });
    expect((await readdir(result.path ?? '')).sort()).toEqual(['RESTORE.md', 'files', 'manifest.json']);
    return readFile(join(result.path ?? '', 'files/config/etc/app.toml'), 'utf8');
  };
  expect(await tomlOf()).toBe('generation = 2\n');
  expect(await tomlOf('--at', first.at)).toBe('generation = 1\n');
  expect(await tomlOf('--snapshot', first.snapshotId.slice(0, 6))).toBe('generation = 1\n');
  const dumped = await holdfast.cli('dump', 'tracker', 'files/config/etc/app.toml', '--snapshot', first.snapshotId.slice(0, 8));
  expect(dumped).toMatchObject({ exitCode: 0 });
  expect(await readFile(dumped.stdout.trim(), 'utf8')).toBe('generation = 1\n');
  const listed = await holdfast.cli('ls', 'tracker', 'files/config/etc', '--json');
  const names = (JSON.parse(listed.stdout) as { files: { path: string }[] }).files.map(({ path }) => path);
  expect(names).toEqual(expect.arrayContaining(['files/config/etc/app.toml', 'files/config/etc/empty', 'files/config/etc/link']));
  await expect(restore('--at', '2020-01-01')).resolves.toMatchObject({
    exitCode: 2,
    result: { failure: { type: 'ConfigInvalid' } },
  });
  await expect(restore('--snapshot', 'deadbeef')).resolves.toMatchObject({ exitCode: 2 });
  await expect(restore('--only', 'sqlite/none')).resolves.toMatchObject({
    exitCode: 2,
    result: { failure: { message: expect.stringContaining('it holds: files/config, sqlite/wal') } },
  });
}, 240_000);

test('an archive restores without restic, and a hostile one is refused and leaves nothing', async () => {
  const archives = join(holdfast.directory, 'archives');
  const [newest = ''] = (await readdir(archives)).sort().toReversed();
  await holdfast.tool('mv', ['repository', 'repository.away'], { cwd: holdfast.directory });
  try {
    const { exitCode, result } = await restore('--from', 'archive');
    expect({ exitCode, failure: result.failure }).toEqual({ exitCode: 0, failure: undefined });
    expect(result).toMatchObject({ verified: true, archive: newest, snapshot_id: null });
    await restoreTrackerDatabase(join(result.path ?? '', 'sqlite/rollback.db'), holdfast.directory);
  } finally {
    await holdfast.tool('mv', ['repository.away', 'repository'], { cwd: holdfast.directory });
  }
  const before = await readdir(join(holdfast.directory, 'restore'));
  const hostile = join(archives, 'tracker-20301123T030000Z-aaaaaaaa.tar.zst');
  await holdfast.tool('sh', ['-c', `tar --zstd -P -cf ${hostile} /etc/hostname`]);
  const refused = await restore('--from', 'archive');
  expect(refused.result.failure).toMatchObject({ type: 'DumpRejected', message: expect.stringContaining('not to be trusted') });
  await rm(hostile);
  expect(await readdir(join(holdfast.directory, 'restore'))).toEqual(before);
}, 180_000);

test("another plan's snapshot is refused by id, and so is one that only borrowed the plan's tag", async () => {
  const other = join(holdfast.directory, 'other');
  await mkdir(other);
  const manifest = {
    version: 1,
    holdfast_version: '0',
    plan: 'other',
    host: 'test-host',
    workflow_id: 'w',
    run_id: 'r',
    started_at: 'x',
  };
  await writeFile(join(other, 'manifest.json'), JSON.stringify({ ...manifest, sources: {}, entries: [] }));
  await writeFile(join(other, 'RESTORE.md'), 'x');
  const backUp = async (tag: string) => {
    const args = ['--repo', join(holdfast.directory, 'repository'), 'backup', '--json', '--host', 'test-host', '--tag', tag, '.'];
    const output = await holdfast.tool('restic', args, { cwd: other, env: { RESTIC_PASSWORD: 'correct horse battery staple' } });
    return (JSON.parse(output.trim().split('\n').at(-1) ?? '') as { snapshot_id: string }).snapshot_id;
  };
  const foreign = await backUp('plan:other');
  const borrowed = await backUp('plan:tracker');
  for (const id of [foreign, borrowed]) {
    const { exitCode, result } = await restore('--snapshot', id);
    expect({ exitCode, type: result.failure?.type }).toEqual({ exitCode: 2, type: 'ConfigInvalid' });
  }
  await holdfast.restic('forget', borrowed, foreign);
  const paths = await holdfast.withClient(async (client) => {
    const start = (input: unknown) =>
      client.workflow.execute('restore', {
        workflowId: `by-hand-${Math.random()}`,
        taskQueue: 'holdfast-test-host',
        args: [input],
      });
    await expect(start({ plan: '../../data' })).rejects.toThrow();
    await expect(start({ plan: 'tracker', target: '/tmp' })).rejects.toThrow();
    await expect(start({ plan: 'tracker', file: '../../etc/passwd' })).rejects.toThrow();
    return readdir(data);
  });
  expect(paths).toEqual(expect.arrayContaining(['etc', 'lib']));
}, 180_000);

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
  expect(asked.stderr).toContain(`sqlite/wal: ${path} is kept beside it`);
  expect(asked.stderr).toContain(`files/config: ${data}/etc is kept beside it`);
  expect(asked.stderr).toContain('--yes');
  expect((await readdir(join(data, 'lib'))).filter((name) => name.includes('before'))).toEqual([]);

  const { exitCode, result } = await restore('--in-place', '--only', 'sqlite/wal', 'files/config', '--yes');
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
  const before = await everythingIn('tracker');
  const refused = await holdfast.cli('restore', 'tracker', '--load', 'mysql/tracker');
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toMatch(/database tracker on .*, with \d+ tables/);
  const { exitCode, result } = await restore('--load', 'mysql/tracker', '--into', 'tracker_copy');
  expect({ exitCode, failure: result.failure }).toEqual({ exitCode: 0, failure: undefined });
  expect(await everythingIn('tracker_copy')).toBe(before);
  await server.sql('DROP TABLE whitelist; DELETE FROM everything', 'tracker');
  expect((await restore('--load', 'mysql/tracker', '--yes')).exitCode).toBe(0);
  expect(await everythingIn('tracker')).toBe(before);
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

test('a cancelled restore leaves nothing, and two restores run side by side', async () => {
  const before = (await readdir(join(holdfast.directory, 'restore'))).sort();
  await holdfast.withClient(async (client) => {
    const handle = await client.workflow.start('restore', {
      workflowId: 'restore-to-cancel',
      taskQueue: 'holdfast-test-host',
      args: [{ plan: 'tracker' }],
    });
    const deadline = Date.now() + 30_000;
    while (Date.now() < deadline && (await readdir(join(holdfast.directory, 'restore'))).length === before.length)
      await sleep(20);
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow();
    expect((await handle.describe()).status.name).toBe('CANCELLED');
    await holdfast.recordHistory('restore-to-cancel', 'restore-cancelled');
  });
  expect((await readdir(join(holdfast.directory, 'restore'))).sort()).toEqual(before);
  const both = await Promise.all([restore('--only', 'files/config'), restore('--only', 'files/config')]);
  expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  expect(new Set(both.map(({ result }) => result.path)).size).toBe(2);
}, 180_000);
