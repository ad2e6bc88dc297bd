// Disks that fill up, repositories that go away, programs that hang: the representative part. The rest: resources.faults.ts.
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { findProcess } from '../support/find-process.ts';
import { Holdfast } from '../support/holdfast.ts';
import { untilPhaseFails } from '../support/pending-failure.ts';
import { expectOneRun, makeSources, renderSmallPlan } from '../support/resource-scene.ts';
import { SmallDisk } from '../support/small-disk.ts';

let holdfast: Holdfast;
const disks: SmallDisk[] = [];

beforeEach(async () => {
  holdfast = await Holdfast.create((directory) => renderSmallPlan(directory));
});

afterEach(async () => {
  await holdfast.down();
  for (const disk of disks.splice(0)) disk.unmount();
  await holdfast.stop();
});

test('a stage that has no room left is told with its path, leaves no half dump, and the same run goes on once there is', async () => {
  const disk = SmallDisk.mount(join(holdfast.directory, 'staging'), 90);
  disks.push(disk);
  await makeSources(holdfast, { mebibytes: 100 });
  await holdfast.up();
  await holdfast.cli('init', 'main');
  const backup = holdfast.backup('tracker');
  const failure = await untilPhaseFails(holdfast);
  expect(failure).toMatchObject({ type: 'DiskFull', message: expect.stringContaining(disk.directory) });
  expect(failure.message).toContain('Free some space');
  await untilNothingHalf(join(disk.directory, 'tracker'));
  disk.resize(400);
  const { exitCode, run } = await backup;
  expect([exitCode, run.failure]).toEqual([0, undefined]);
  await expectOneRun(holdfast, run);
}, 120_000);

/** Between two attempts, which are 2 s apart at least, nothing half lies in the stage. During one it does. */
async function untilNothingHalf(stage: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const half = (await readdir(stage, { recursive: true })).map(String).filter((name) => /\.partial$|random$/.test(name));
    if (half.length === 0) return;
    if (Date.now() > deadline) throw new Error(`left in the stage: ${half.join(', ')}`);
    await sleep(100);
  }
}

test('a repository that is away for a while is waited for, and a restic that hangs is ended; there is one snapshot', async () => {
  await makeSources(holdfast, { mebibytes: 60 });
  const content = join(holdfast.directory, 'disk');
  await mkdir(content);
  const disk = SmallDisk.mount(join(holdfast.directory, 'repository'), 1);
  disks.push(disk);
  disk.detach();
  disk.bind(content);
  await holdfast.up();
  await holdfast.cli('init', 'main');
  const first = await holdfast.backup('tracker');
  expect(first.exitCode).toBe(0);
  disk.detach();
  const backup = holdfast.backup('tracker');
  const failure = await untilPhaseFails(holdfast);
  expect(failure).toMatchObject({ phase: 'probeRepository', type: 'StorageUnavailable' });
  expect(failure.message).toContain('Is its disk mounted?');
  disk.bind(content);
  // Stopped for good: only SIGKILL reaches it.
  process.kill(await findProcess('restic', holdfast.directory, ' backup '), 'SIGSTOP');
  const hung = await untilPhaseFails(holdfast);
  expect(hung).toMatchObject({ phase: 'createSnapshot', type: 'ProcessTimeout' });
  expect(hung.message).toMatch(/restic on repository main made no progress for 10 s .*no_progress_timeout/s);
  const { exitCode, run } = await backup;
  expect([exitCode, run.failure]).toEqual([0, undefined]);
  expect(run.phases.find(({ name }) => name === 'createSnapshot')?.attempts).toBe(2);
  await expectOneRun(holdfast, run, { snapshots: 2 });
}, 120_000);
