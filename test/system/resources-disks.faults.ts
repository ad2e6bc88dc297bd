// Full disks, and repositories that go away. Each run must go on by itself once it can, with one snapshot, and leave nothing.
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { findProcess } from '../support/find-process.ts';
import { Holdfast } from '../support/holdfast.ts';
import { untilPhaseFails } from '../support/pending-failure.ts';
import { expectNothingLeft, expectOneRun, makeSources, renderSmallPlan } from '../support/resource-scene.ts';
import { RestServer } from '../support/rest-server.ts';
import { SmallDisk } from '../support/small-disk.ts';
import { createTrackerDatabase } from '../support/tracker-database.ts';

let holdfast: Holdfast;
let server: RestServer | undefined;
const disks: SmallDisk[] = [];

async function start(options: Parameters<typeof renderSmallPlan>[1] = {}, mebibytes = 60): Promise<void> {
  holdfast = await Holdfast.create((directory) => renderSmallPlan(directory, options));
  await makeSources(holdfast, { mebibytes });
}

async function startAndInit(): Promise<void> {
  await holdfast.up();
  await holdfast.cli('init', 'main');
}

function mount(name: string, mebibytes: number): SmallDisk {
  const disk = SmallDisk.mount(join(holdfast.directory, name), mebibytes);
  disks.push(disk);
  return disk;
}

afterEach(async () => {
  await holdfast.down();
  await server?.goAway();
  server = undefined;
  for (const disk of disks.splice(0)) disk.unmount();
  await holdfast.stop();
});

async function expectGood(backup: ReturnType<Holdfast['backup']>, snapshots = 1): Promise<void> {
  const { exitCode, run } = await backup;
  expect([exitCode, run.failure]).toEqual([0, undefined]);
  await expectOneRun(holdfast, run, { snapshots });
}

test.each(['auto', 'vacuum_into', 'sql'])(
  'a stage that fills up under a SQLite dump by %s holds no half dump',
  async (method) => {
    holdfast = await Holdfast.create((directory) =>
      renderSmallPlan(directory).replace('tracker.db }', `tracker.db, method: ${method} }`),
    );
    await makeSources(holdfast, { mebibytes: 1 });
    await createTrackerDatabase(join(holdfast.directory, 'data/big.db'), { journalMode: 'wal', bytes: 60_000_000 });
    const disk = mount('staging', 300);
    await holdfast.configure((directory) =>
      renderSmallPlan(directory).replace('data/tracker.db }', `data/big.db, method: ${method} }`),
    );
    await startAndInit();
    const backup = holdfast.backup('tracker');
    // Another program takes the room between the look at the disk and the dump.
    const pid = await findProcess('sqlite3', `${holdfast.directory}/data/big.db`);
    process.kill(pid, 'SIGSTOP');
    await holdfast.tool('sh', ['-c', 'head -c 280m /dev/zero > "$0/filler"', disk.directory]);
    process.kill(pid, 'SIGCONT');
    const failure = await untilPhaseFails(holdfast);
    expect(failure).toMatchObject({
      type: 'DiskFull',
      message: expect.stringContaining(`${disk.directory}/tracker/sqlite/tracker`),
    });
    expect(await readdir(join(disk.directory, 'tracker/sqlite')).catch(() => [])).toEqual([]);
    await holdfast.tool('rm', [join(disk.directory, 'filler')]);
    await expectGood(backup);
  },
  180_000,
);

test('a full archive directory fails neither the snapshot nor the run: it waits, and no partial archive counts', async () => {
  await start();
  await holdfast.configure((directory) => renderSmallPlan(directory, { extra: `archive: { directory: ${directory}/archives }` }));
  const disk = mount('archives', 20);
  await startAndInit();
  const backup = holdfast.backup('tracker');
  const failure = await untilPhaseFails(holdfast);
  expect(failure).toMatchObject({ phase: 'writeArchive', type: 'DiskFull', message: expect.stringContaining(disk.directory) });
  expect(await readdir(disk.directory)).toEqual([]);
  await sleep(3_000);
  disk.resize(400);
  await expectGood(backup);
  const [archive = ''] = await readdir(disk.directory);
  expect((await stat(join(disk.directory, archive))).mode & 0o777).toBe(0o600);
  await expectGood(holdfast.backup('tracker'), 2);
  expect(await readdir(disk.directory)).toHaveLength(2);
}, 180_000);

test('a full repository is told by its name, keeps no lock and no half snapshot, and the same run goes on', async () => {
  await start();
  const disk = mount('repository', 30);
  await startAndInit();
  const backup = holdfast.backup('tracker');
  const failure = await untilPhaseFails(holdfast);
  expect(failure).toMatchObject({
    phase: 'createSnapshot',
    type: 'DiskFull',
    message: expect.stringContaining('repository main'),
  });
  expect(failure.message).toContain(`${disk.directory}/data`);
  expect(await readdir(join(disk.directory, 'locks'))).toEqual([]);
  expect(await readdir(join(disk.directory, 'snapshots'))).toEqual([]);
  disk.resize(400);
  await expectGood(backup);
  await holdfast.restic('check', '--read-data');
  await expectGood(holdfast.backup('tracker'), 2);
}, 180_000);

test('a disk of the repository that goes away under the upload is waited for', async () => {
  await start({}, 300);
  const content = join(holdfast.directory, 'disk');
  await mkdir(content);
  const disk = mount('repository', 1);
  disk.detach();
  disk.bind(content);
  await startAndInit();
  const backup = holdfast.backup('tracker');
  await findProcess('restic', holdfast.directory, ' backup ');
  await sleep(500);
  disk.detach();
  const failure = await untilPhaseFails(holdfast);
  expect(failure).toMatchObject({ phase: 'createSnapshot', type: 'StorageUnavailable' });
  await sleep(10_000);
  disk.bind(content);
  await expectGood(backup);
  await holdfast.restic('check', '--read-data');
}, 180_000);

test('a repository that stays away ends the run at its deadline, with the stage cleaned; the next run is fine', async () => {
  await start({ extra: 'deadline: 20s' }, 1);
  const content = join(holdfast.directory, 'disk');
  await mkdir(content);
  const disk = mount('repository', 1);
  disk.detach();
  disk.bind(content);
  await startAndInit();
  await expectGood(holdfast.backup('tracker'));
  disk.detach();
  const started = performance.now();
  const { exitCode, run } = await holdfast.backup('tracker');
  expect(performance.now() - started).toBeLessThan(60_000);
  expect([exitCode, run.outcome, run.failure?.type]).toEqual([1, 'failed', 'StorageUnavailable']);
  expect(await readdir(join(holdfast.directory, 'staging'))).toEqual([]);
  disk.bind(content);
  await expectNothingLeft(holdfast);
  await expectGood(holdfast.backup('tracker'), 2);
}, 180_000);

async function startWithServer(extra = ''): Promise<RestServer> {
  holdfast = await Holdfast.create((directory) => renderSmallPlan(directory, { extra }));
  await makeSources(holdfast, { mebibytes: 60 });
  const made = await RestServer.start(join(holdfast.directory, 'repository'));
  server = made;
  await holdfast.configure((directory) => renderSmallPlan(directory, { extra, location: made.location }));
  await startAndInit();
  return made;
}

test('a server that is gone for a minute is waited for, at the start of a run and under its upload', async () => {
  const rest = await startWithServer();
  await rest.goAway();
  const first = holdfast.backup('tracker');
  await sleep(60_000);
  await rest.comeBack();
  await expectGood(first);
  await holdfast.tool('dd', ['if=/dev/urandom', `of=${holdfast.directory}/data/files/random`, 'bs=1M', 'count=200']);
  const second = holdfast.backup('tracker');
  await findProcess('restic', rest.location, ' backup ');
  await sleep(1_000);
  await rest.goAway();
  await sleep(30_000);
  await rest.comeBack();
  await expectGood(second, 2);
}, 300_000);

test('a server that accepts and never answers does not hold up a run for 15 minutes', async () => {
  const rest = await startWithServer('deadline: 30s');
  await expectGood(holdfast.backup('tracker'));
  rest.fallSilent();
  const started = performance.now();
  const { exitCode, run } = await holdfast.backup('tracker');
  expect(performance.now() - started).toBeLessThan(120_000);
  expect([exitCode, run.failure?.type, run.failure?.phase]).toEqual([1, 'StorageUnavailable', 'probeRepository']);
  await rest.comeBack();
  await expectGood(holdfast.backup('tracker'), 2);
}, 300_000);

test('a server that falls silent under the upload for longer than the no-progress timeout: one snapshot all the same', async () => {
  const rest = await startWithServer();
  const backup = holdfast.backup('tracker');
  await findProcess('restic', rest.location, ' backup ');
  await sleep(300);
  rest.fallSilent();
  const failure = await untilPhaseFails(holdfast);
  expect(failure).toMatchObject({ phase: 'createSnapshot', type: 'ProcessTimeout' });
  expect(failure.message).toContain('restic on repository main made no progress for 10 s');
  await rest.comeBack();
  await expectGood(backup);
}, 180_000);

test('a server that refuses until the deadline fails the run with StorageUnavailable, although restic itself would go on trying', async () => {
  const rest = await startWithServer('deadline: 40s');
  const backup = holdfast.backup('tracker');
  await findProcess('restic', rest.location, ' backup ');
  await rest.goAway();
  const { run } = await backup;
  expect(run.failure).toMatchObject({ phase: 'createSnapshot', type: 'StorageUnavailable' });
  expect(run.failure?.message).toMatch(/repository main.*connection refused/s);
  expect(await readdir(join(holdfast.directory, 'staging'))).toEqual([]);
  await rest.comeBack();
  const { exitCode, run: next } = await holdfast.backup('tracker');
  expect([exitCode, next.outcome]).toEqual([0, 'succeeded']);
}, 180_000);
