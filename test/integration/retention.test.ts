import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { ActivityDependencies } from '../../activities/dependencies.ts';
import { markSnapshot } from '../../activities/drill/snapshot-marks.ts';
import { forgetSnapshots } from '../../activities/forget-snapshots.ts';
import { createRestic, type Restic } from '../../activities/restic/restic.ts';
import { loadConfiguration } from '../../config/index.ts';
import { renderConfiguration } from '../support/holdfast.ts';
import { createTestContext, programs, type TestContext, withDirectory } from '../support/phase-context.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const FIRST_DAY = Date.parse('2026-01-01T03:00:00Z');

interface Subject {
  deps: ActivityDependencies;
  restic: Restic;
  stage: string;
  context: TestContext;
}

/** An empty repository, a plan with a policy, and a stage to back up. */
async function prepare(directory: string, policy: string): Promise<Subject> {
  const file = join(directory, 'holdfast.yaml');
  const sources = `sqlite:\n  a: { path: ${directory}/data/a.db }`;
  await writeFile(file, renderConfiguration(directory, { sources, extra: `retention: ${policy}` }));
  const environment = { RESTIC_SECRET: 'pw', PATH: process.env['PATH'] };
  const configuration = await loadConfiguration({ file, environment });
  const repository = configuration.repositories.get('main');
  if (repository === undefined) throw new Error('no repository');
  const context = createTestContext(environment);
  const restic = createRestic({ programs, repository, stateDirectory: configuration.stateDirectory, context });
  await restic.init();
  const stage = join(directory, 'stage');
  await mkdir(stage);
  return { deps: { configuration, programs } as ActivityDependencies, restic, stage, context };
}

test(
  'after 40 daily runs retention keeps 7 days, 4 weeks and 12 months, and nothing else',
  () =>
    withDirectory(async (directory) => {
      const { deps, restic, stage, context } = await prepare(directory, '{ keep_daily: 7, keep_weekly: 4, keep_monthly: 12 }');
      for (let day = 0; day < 40; day++) {
        const time = new Date(FIRST_DAY + day * DAY_MS).toISOString().replace('T', ' ').slice(0, 19);
        await writeFile(join(stage, 'data'), time);
        const snapshotId = await backUpAt(directory, stage, time);
        const run = { plan: 'tracker', workflowId: 'w', runId: String(day), startedAt: time };
        await forgetSnapshots(deps, { run, snapshotId }, context);
      }

      const kept = await restic.snapshots({ host: 'test-host', tags: ['plan:tracker'] });
      expect(kept.map(({ time }) => time.slice(0, 10)).sort()).toEqual([
        // The oldest one stands for the months that are not there yet (restic 0.16, CHANGELOG).
        '2026-01-01',
        // Sundays end the weeks, the 31st the month.
        '2026-01-25',
        '2026-01-31',
        '2026-02-01',
        ...['03', '04', '05', '06', '07', '08', '09'].map((date) => `2026-02-${date}`),
      ]);
    }),
  300_000,
);

test(
  'of 35 daily snapshots of which only the 20th was proven, the 20th stays whatever the policy says',
  () =>
    withDirectory(async (directory) => {
      const { deps, restic, stage, context } = await prepare(directory, '{ keep_last: 3 }');
      const plan = deps.configuration.plans.get('tracker');
      if (plan === undefined) throw new Error('no plan');
      const ids: string[] = [];
      for (let day = 0; day < 35; day++) {
        const time = new Date(FIRST_DAY + day * DAY_MS).toISOString().replace('T', ' ').slice(0, 19);
        await writeFile(join(stage, 'data'), time);
        ids.push(await backUpAt(directory, stage, time));
      }
      const [proven = '', newest = ''] = [ids[19], ids[34]];
      await markSnapshot(plan, 'proven', proven);
      const run = { plan: 'tracker', workflowId: 'w', runId: 'r', startedAt: new Date().toISOString() };
      expect(await forgetSnapshots(deps, { run, snapshotId: newest }, context)).toEqual({ kept: 4, removed: 31 });
      const kept = await restic.snapshots({ host: 'test-host', tags: ['plan:tracker'] });
      expect(kept.map(({ id }) => id).sort()).toEqual([proven, ...ids.slice(32)].sort());
    }),
  300_000,
);

/** What createSnapshot does, but on another day: only restic itself can be told the time. */
async function backUpAt(directory: string, stage: string, time: string): Promise<string> {
  const result = await programs.run({
    program: 'restic',
    args: [
      '-r',
      join(directory, 'repository'),
      'backup',
      '--json',
      '--quiet',
      '--host',
      'test-host',
      '--tag',
      'plan:tracker',
      '--time',
      time,
      '.',
    ],
    cwd: stage,
    env: { RESTIC_PASSWORD: 'pw', RESTIC_CACHE_DIR: join(directory, 'cache'), TZ: 'UTC' },
  });
  const summary = JSON.parse(result.stdout.trim().split('\n').at(-1) ?? '') as { snapshot_id: string };
  return summary.snapshot_id;
}

test('a snapshot of the future, left by a clock that was wrong, makes retention wait with a warning', () =>
  withDirectory(async (directory) => {
    const { deps, restic, stage, context } = await prepare(directory, '{ keep_last: 1 }');
    await writeFile(join(stage, 'data'), 'restic refuses an empty snapshot');
    // A clock that was wrong: the older snapshot lies in the future.
    await backUpAt(directory, stage, '2030-01-01 03:00:00');
    const snapshotId = await backUpAt(directory, stage, '2026-01-01 03:00:00');
    const run = { plan: 'tracker', workflowId: 'w', runId: '2', startedAt: '2026-01-01T03:00:00Z' };
    expect(await forgetSnapshots(deps, { run, snapshotId }, context)).toEqual({ kept: 2, removed: 0 });
    expect(context.warnings).toEqual([expect.stringMatching(/no snapshot of plan tracker was forgotten: .* 2030-01-01/)]);
    expect(await restic.snapshots({ host: 'test-host', tags: ['plan:tracker'] })).toHaveLength(2);
  }));

test(
  'a clock that jumped a year forward forgets no snapshot; once it is plain that time went on, the next run does',
  () =>
    withDirectory(async (directory) => {
      const { deps, restic, stage, context } = await prepare(directory, '{ keep_within: 7d }');
      await writeFile(join(stage, 'data'), 'restic refuses an empty snapshot');
      for (const day of ['01', '02', '03', '04']) await backUpAt(directory, stage, `2025-01-${day} 03:00:00`);
      const forgetAt = async (day: string) => {
        const snapshotId = await backUpAt(directory, stage, `${day} 03:00:00`);
        const run = { plan: 'tracker', workflowId: 'w', runId: day, startedAt: `${day}T03:00:00Z` };
        return forgetSnapshots(deps, { run, snapshotId }, context);
      };
      expect(await forgetAt('2026-01-05')).toEqual({ kept: 5, removed: 0 });
      expect(context.warnings).toEqual([expect.stringContaining('Did a clock jump?')]);
      expect(await forgetAt('2026-01-06')).toEqual({ kept: 2, removed: 4 });
      expect(await restic.snapshots({ host: 'test-host', tags: ['plan:tracker'] })).toHaveLength(2);
    }),
  120_000,
);

test('with a clock far from Temporal’s nothing is forgotten', () =>
  withDirectory(async (directory) => {
    const { deps, stage, context } = await prepare(directory, '{ keep_last: 1 }');
    await writeFile(join(stage, 'data'), 'restic refuses an empty snapshot');
    for (const day of ['01', '02', '03']) await backUpAt(directory, stage, `2026-01-${day} 03:00:00`);
    const snapshotId = await backUpAt(directory, stage, '2026-01-04 03:00:00');
    const run = { plan: 'tracker', workflowId: 'w', runId: '1', startedAt: '2026-01-04T03:00:00Z' };
    const late = { ...context, now: () => Date.now() - DAY_MS };
    expect(await forgetSnapshots(deps, { run, snapshotId }, late)).toEqual({ kept: 4, removed: 0 });
    expect(context.warnings).toEqual([expect.stringContaining('24 h ahead of Temporal')]);
  }));
