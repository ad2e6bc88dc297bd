import { lstat, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Holdfast } from '../support/holdfast.ts';
import { RestoreScene } from '../support/restore-scene.ts';
import { restoreTrackerDatabase, sqlite3 } from '../support/tracker-database.ts';

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

test('with nothing but the repository and holdfast.yaml an empty machine gets every byte, row and routine back', async () => {
  const before = {
    etc: await scene.listFiles(join(data, 'etc')),
    env: await lstat(join(data, '.env')),
    wal: await sqlite3(join(data, 'lib/wal.db'), '.dump'),
    rollback: await sqlite3(join(data, 'lib/rollback.db'), '.dump'),
    mysql: await scene.everythingIn('tracker'),
  };
  await holdfast.down('SIGKILL');
  for (const name of ['data', 'state', 'staging', 'restore', 'archives', 'cache']) {
    await rm(join(holdfast.directory, name), { recursive: true, force: true });
  }
  await scene.server.sql('DROP DATABASE tracker');
  await mkdir(data);
  await holdfast.up();

  const tree = await scene.restore();
  expect(tree.result.failure).toBeUndefined();
  expect(tree).toMatchObject({
    exitCode: 0,
    result: { outcome: 'succeeded', verified: true, snapshot_id: scene.first.snapshotId, overwrote: [], warnings: [] },
  });
  await holdfast.recordHistory(tree.result.workflow_id, 'restore-succeeded');
  const path = tree.result.path ?? '';
  expect(path).toMatch(new RegExp(`^${holdfast.directory}/restore/tracker-\\d{8}T\\d{6}Z-[0-9a-f]{8}$`));
  expect((await lstat(path)).mode & 0o777).toBe(0o700);
  expect(await scene.listFiles(join(path, 'files/config/etc'))).toBe(before.etc);
  await restoreTrackerDatabase(join(path, 'sqlite/wal.db'), holdfast.directory);

  const inPlace = await scene.restore('--in-place');
  expect(inPlace.result.failure).toBeUndefined();
  expect(inPlace).toMatchObject({ exitCode: 0, result: { path: null, verified: true, kept: [] } });
  expect(inPlace.result.warnings.join()).toContain('--load mysql/tracker');
  expect(await scene.listFiles(join(data, 'etc'))).toBe(before.etc);
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

  const loaded = await scene.restore('--load', 'mysql/tracker');
  expect(loaded.result.failure).toBeUndefined();
  expect(loaded).toMatchObject({ exitCode: 0, result: { path: null, verified: true } });
  expect(await scene.everythingIn('tracker')).toBe(before.mysql);
  expect(await readdir(join(holdfast.directory, 'restore'))).toHaveLength(1);
}, 300_000);

test('an older snapshot is found by time, by the beginning of its id, and one source or file alone can be had', async () => {
  await writeFile(join(data, 'etc/app.toml'), 'generation = 2\n');
  expect((await holdfast.backup('tracker')).run.outcome).toBe('succeeded');
  const tomlOf = async (...args: string[]) => {
    const { exitCode, result } = await scene.restore('--only', 'files/config', ...args);
    expect({ exitCode, failure: result.failure }).toEqual({ exitCode: 0, failure: undefined });
    expect((await readdir(result.path ?? '')).sort()).toEqual(['RESTORE.md', 'files', 'manifest.json']);
    return readFile(join(result.path ?? '', 'files/config/etc/app.toml'), 'utf8');
  };
  expect(await tomlOf()).toBe('generation = 2\n');
  expect(await tomlOf('--at', scene.first.at)).toBe('generation = 1\n');
  expect(await tomlOf('--snapshot', scene.first.snapshotId.slice(0, 6))).toBe('generation = 1\n');
  const dumped = await holdfast.cli(
    'dump',
    'tracker',
    'files/config/etc/app.toml',
    '--snapshot',
    scene.first.snapshotId.slice(0, 8),
  );
  expect(dumped).toMatchObject({ exitCode: 0 });
  expect(await readFile(dumped.stdout.trim(), 'utf8')).toBe('generation = 1\n');
  const listed = await holdfast.cli('ls', 'tracker', 'files/config/etc', '--json');
  const names = (JSON.parse(listed.stdout) as { files: { path: string }[] }).files.map(({ path }) => path);
  expect(names).toEqual(expect.arrayContaining(['files/config/etc/app.toml', 'files/config/etc/empty', 'files/config/etc/link']));
  await expect(scene.restore('--at', '2020-01-01')).resolves.toMatchObject({
    exitCode: 2,
    result: { failure: { type: 'ConfigInvalid' } },
  });
  await expect(scene.restore('--snapshot', 'deadbeef')).resolves.toMatchObject({ exitCode: 2 });
  await expect(scene.restore('--only', 'sqlite/none')).resolves.toMatchObject({
    exitCode: 2,
    result: { failure: { message: expect.stringContaining('it holds: files/config, sqlite/wal') } },
  });
}, 240_000);

test('an archive restores without restic, and a hostile one is refused and leaves nothing', async () => {
  const archives = join(holdfast.directory, 'archives');
  const [newest = ''] = (await readdir(archives)).sort().toReversed();
  await holdfast.tool('mv', ['repository', 'repository.away'], { cwd: holdfast.directory });
  try {
    const { exitCode, result } = await scene.restore('--from', 'archive');
    expect({ exitCode, failure: result.failure }).toEqual({ exitCode: 0, failure: undefined });
    expect(result).toMatchObject({ verified: true, archive: newest, snapshot_id: null });
    await restoreTrackerDatabase(join(result.path ?? '', 'sqlite/rollback.db'), holdfast.directory);
  } finally {
    await holdfast.tool('mv', ['repository.away', 'repository'], { cwd: holdfast.directory });
  }
  const before = await readdir(join(holdfast.directory, 'restore'));
  const hostile = join(archives, 'tracker-20301123T030000Z-aaaaaaaa.tar.zst');
  await holdfast.tool('sh', ['-c', `tar --zstd -P -cf ${hostile} /etc/hostname`]);
  const refused = await scene.restore('--from', 'archive');
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
    const { exitCode, result } = await scene.restore('--snapshot', id);
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

test('a snapshot that lacks a file and has another one changed is restored as partial, kept, and never put in place', async () => {
  const tree = join(holdfast.directory, 'incomplete');
  await holdfast.restic('restore', scene.first.snapshotId, '--target', tree);
  await rm(join(tree, 'files/config/.env'));
  await writeFile(join(tree, 'files/config/etc/app.toml'), 'generation = 0\n');
  const backup = [
    '--repo',
    join(holdfast.directory, 'repository'),
    'backup',
    '--host',
    'test-host',
    '--tag',
    'plan:tracker',
    '--json',
    '.',
  ];
  const output = await holdfast.tool('restic', backup, { cwd: tree, env: { RESTIC_PASSWORD: 'correct horse battery staple' } });
  const { snapshot_id: id } = JSON.parse(output.trim().split('\n').at(-1) ?? '') as { snapshot_id: string };
  const before = await readFile(join(data, 'etc/app.toml'), 'utf8');
  for (const flags of [[], ['--in-place', '--yes']]) {
    const { exitCode, result } = await scene.restore('--snapshot', id, '--only', 'files/config', ...flags);
    expect(exitCode).toBe(3);
    expect(result).toMatchObject({ outcome: 'partial', verified: false, path: expect.stringContaining('/restore/tracker-') });
    expect(result.warnings).toContainEqual(expect.stringContaining('files/config/.env is missing'));
    expect(result.warnings).toContainEqual(expect.stringContaining('files/config/etc/app.toml has SHA-256'));
  }
  expect(await readFile(join(data, 'etc/app.toml'), 'utf8')).toBe(before);
  await holdfast.restic('forget', id);
}, 180_000);

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
  const both = await Promise.all([scene.restore('--only', 'files/config'), scene.restore('--only', 'files/config')]);
  expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  expect(new Set(both.map(({ result }) => result.path)).size).toBe(2);
}, 180_000);
