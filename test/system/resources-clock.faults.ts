// The worker's clock is a day off Temporal's, or jumps by a day under a run: runs succeed, and nothing is deleted by such a clock.
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { archiveName } from '../../activities/archive/archive-name.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { findProcess } from '../support/find-process.ts';
import { Holdfast } from '../support/holdfast.ts';
import { untilPhaseFails } from '../support/pending-failure.ts';
import { expectNothingLeft, makeSources, renderSmallPlan } from '../support/resource-scene.ts';
import { SmallDisk } from '../support/small-disk.ts';

const DAY_MS = 86_400_000;

let holdfast: Holdfast;
let clock: FakeClock;
let disk: SmallDisk | undefined;

beforeEach(async () => {
  const extra = (directory: string) =>
    `archive: { directory: ${directory}/archives, keep_days: 3 }\nretention: { keep_within: 3d }\ndeadline: 10m`;
  holdfast = await Holdfast.create((directory) => renderSmallPlan(directory, { extra: extra(directory) }));
  await makeSources(holdfast, { mebibytes: 20 });
  clock = new FakeClock(holdfast.directory);
  await mkdir(join(holdfast.directory, 'archives'));
  // Daily archives and snapshots of the last six days: the policies keep three.
  await holdfast.restic('init');
  for (const days of [6, 5, 4, 3, 2, 1]) {
    const startedAt = new Date(Date.now() - days * DAY_MS).toISOString();
    const run = { plan: 'tracker', workflowId: 'w', runId: `0000000${days}`, startedAt };
    await writeFile(join(holdfast.directory, 'archives', archiveName(run, 'tar.zst')), '');
    const time = startedAt.replace('T', ' ').slice(0, 19);
    const tags = ['--tag', 'plan:tracker', '--host', 'test-host', '--time', time];
    await holdfast.restic('backup', '-q', ...tags, join(holdfast.directory, 'holdfast.yaml'));
  }
}, 120_000);

afterEach(async () => {
  await holdfast.down();
  disk?.unmount();
  disk = undefined;
  await holdfast.stop();
});

/** Starts Temporal and the worker; the worker alone has the clock. */
async function upWithClock(): Promise<void> {
  Object.assign(holdfast.environment, clock.environment);
  try {
    await holdfast.up();
  } finally {
    for (const name of Object.keys(clock.environment)) delete holdfast.environment[name];
  }
}

async function counts(): Promise<{ archives: number; snapshots: number }> {
  const list = JSON.parse(await holdfast.restic('snapshots', '--json')) as unknown[];
  return { archives: (await readdir(join(holdfast.directory, 'archives'))).length, snapshots: list.length };
}

test.each([
  ['a day ahead', 24, 'ahead of'],
  ['a day behind', -24, 'behind'],
])(
  'with a worker %s a run succeeds, says so, and deletes nothing; with the clock set it deletes what is expired',
  async (_, hours, said) => {
    clock.set(hours);
    await upWithClock();
    const { exitCode, run } = await holdfast.backup('tracker');
    expect([exitCode, run.outcome]).toEqual([0, 'succeeded']);
    expect(run.warnings).toEqual([
      expect.stringMatching(new RegExp(`no snapshot .* was forgotten: the clock .* 24 h ${said} Temporal's`)),
      expect.stringMatching(new RegExp(`no expired archive .* was removed: the clock .* 24 h ${said} Temporal's`)),
    ]);
    expect(await counts()).toEqual({ archives: 7, snapshots: 7 });
    await expectNothingLeft(holdfast);
    clock.set(0);
    const next = await holdfast.backup('tracker');
    expect([next.run.outcome, next.run.warnings]).toEqual(['succeeded', []]);
    const left = await counts();
    // The two just made and those of three days; whether the third is in depends on the moment.
    expect(left.archives).toBeLessThanOrEqual(5);
    expect(left.archives).toBeGreaterThanOrEqual(4);
    expect(left.snapshots).toBeLessThanOrEqual(5);
  },
  180_000,
);

test.each([
  ['forward', 0, 24],
  ['back', 24, 0],
])(
  'a clock that jumps a day %s under a run ends nothing and starts nothing over',
  async (_, before, after) => {
    clock.set(before);
    await upWithClock();
    const backup = holdfast.backup('tracker');
    const restic = await findProcess('restic', holdfast.directory, ' backup ');
    process.kill(restic, 'SIGSTOP');
    clock.set(after);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    process.kill(restic, 'SIGCONT');
    const { exitCode, run } = await backup;
    expect([exitCode, run.outcome, run.failure]).toEqual([0, 'succeeded', undefined]);
    expect(run.phases.map(({ attempts }) => attempts)).toEqual(run.phases.map(() => 1));
    expect((await counts()).snapshots).toBeGreaterThanOrEqual(3);
    await expectNothingLeft(holdfast);
  },
  180_000,
);

test('a run that waits while the worker’s clock jumps a day forward waits on: its deadline is Temporal’s', async () => {
  disk = SmallDisk.mount(join(holdfast.directory, 'staging'), 20);
  await upWithClock();
  const backup = holdfast.backup('tracker');
  const failure = await untilPhaseFails(holdfast);
  expect(failure).toMatchObject({ phase: 'openRun', type: 'DiskFull' });
  clock.set(24);
  await new Promise((resolve) => setTimeout(resolve, 10_000));
  disk.resize(300);
  const { exitCode, run } = await backup;
  expect([exitCode, run.outcome]).toEqual([0, 'succeeded']);
}, 180_000);
