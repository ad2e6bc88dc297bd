import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connect, type Temporal } from '../../client/connect.ts';
import { runProgram } from '../../client/program.ts';
import { applySchedules, planSchedules } from '../../client/schedules/apply.ts';
import type { Configuration } from '../../config/types.ts';
import { createFakeIo } from '../support/cli-io.ts';
import { configurationOf, nightly, plan } from '../support/configurations.ts';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server.ts';

let server: TemporalServer;
let temporal: Temporal;

beforeAll(async () => {
  server = await startTemporalServer();
  temporal = await connect({ TEMPORAL_ADDRESS: server.address, TEMPORAL_CONFIG_FILE: '/nonexistent/temporal.toml' });
}, 60_000);
afterAll(async () => {
  await temporal.close();
  await server.stop();
});

async function apply(configuration: Configuration, prune = false): Promise<string[]> {
  const steps = await applySchedules(temporal, configuration, { prune });
  return steps.map(({ id, change }) => `${change} ${id}`);
}

/** The list of schedules follows their making after a moment. */
async function untilListed(id: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    for await (const { scheduleId } of temporal.client.schedule.list()) if (scheduleId === id) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${id} is not in the list of schedules`);
}

test('a schedule is made once, with all its policies, and not touched again', async () => {
  const configuration = configurationOf('made', plan('tracker'));
  expect(await apply(configuration)).toEqual(['create holdfast/made/tracker/backup']);
  expect(await apply(configuration)).toEqual(['unchanged holdfast/made/tracker/backup']);
  const { action, policies, spec, state, info } = await temporal.client.schedule
    .getHandle('holdfast/made/tracker/backup')
    .describe();
  expect(policies).toEqual({ overlap: 'SKIP', catchupWindow: 43_200_000, pauseOnFailure: false });
  expect(spec).toMatchObject({ jitter: 300_000, timezone: 'UTC' });
  expect(action).toMatchObject({
    workflowType: 'backup',
    taskQueue: 'holdfast-made',
    workflowId: 'backup/made/tracker',
    args: [{ plan: 'tracker' }],
    staticSummary: 'Backup of tracker on made',
  });
  expect(action.workflowExecutionTimeout ?? 0).toBe(0);
  expect(state).toMatchObject({ paused: false, note: 'Made by holdfast apply' });
  expect(info.lastUpdatedAt).toBeUndefined();
});

test.each(['@daily', '@weekly', '*/15 * * * *', '0 3 * * MON-FRI', '0 6 1 1,7 *', '30 4 1-7 * 1'])(
  'a schedule at %s is unchanged when it is applied again',
  async (cron) => {
    const configuration = configurationOf(
      `again-${cron.replace(/\W/g, '')}`,
      plan('p', { schedule: nightly({ cron, jitterMs: 0 }) }),
    );
    await apply(configuration);
    expect((await apply(configuration))[0]).toMatch(/^unchanged /);
  },
);

test('an update changes the times, and a pause with its note stays', async () => {
  const id = 'holdfast/paused/tracker/backup';
  await apply(configurationOf('paused', plan('tracker')));
  await temporal.client.schedule.getHandle(id).pause('disk is being replaced');
  const later = configurationOf(
    'paused',
    plan('tracker', { schedule: nightly({ cron: '30 4 * * *', timezone: 'Europe/Berlin' }) }),
  );
  const [step] = await applySchedules(temporal, later, { prune: false });
  expect(step).toMatchObject({ change: 'update', pausedNote: 'disk is being replaced' });
  const { spec, state } = await temporal.client.schedule.getHandle(id).describe();
  expect(spec).toMatchObject({ timezone: 'Europe/Berlin', calendars: [{ hour: [{ start: 4 }], minute: [{ start: 30 }] }] });
  expect(state).toMatchObject({ paused: true, note: 'disk is being replaced' });
  expect(await apply(later)).toEqual([`unchanged ${id}`]);
});

test('what somebody edited by hand is put right', async () => {
  const id = 'holdfast/edited/tracker/backup';
  const configuration = configurationOf('edited', plan('tracker'));
  await apply(configuration);
  await temporal.client.schedule
    .getHandle(id)
    .update(({ action, policies, state }) => ({ action, policies, state, spec: { cronExpressions: ['0 5 * * *'] } }));
  expect(await apply(configuration)).toEqual([`update ${id}`]);
  const { spec } = await temporal.client.schedule.getHandle(id).describe();
  expect(spec.calendars).toMatchObject([{ hour: [{ start: 3 }] }]);
});

test('a plan that was removed leaves a stale schedule; a prune deletes that one and nobody else’s', async () => {
  const foreign = 'holdfast/pruned/by-hand';
  await apply(configurationOf('pruned', plan('old'), plan('tracker')));
  await apply(configurationOf('pruned-not', plan('old')));
  await temporal.client.schedule.create({
    scheduleId: foreign,
    spec: { intervals: [{ every: 3_600_000 }] },
    action: { type: 'startWorkflow', workflowType: 'backup', taskQueue: 'x' },
  });
  for (const id of [foreign, 'holdfast/pruned/old/backup']) await untilListed(id);
  const smaller = configurationOf('pruned', plan('tracker'));
  expect(await apply(smaller)).toEqual(['stale holdfast/pruned/old/backup', 'unchanged holdfast/pruned/tracker/backup']);
  expect(await apply(smaller, true)).toEqual(['delete holdfast/pruned/old/backup', 'unchanged holdfast/pruned/tracker/backup']);
  expect(await apply(smaller, true)).toEqual(['unchanged holdfast/pruned/tracker/backup']);
  const [other] = await planSchedules(temporal, configurationOf('pruned-not', plan('old')), { prune: true });
  expect(other).toMatchObject({ change: 'unchanged' });
  expect(await temporal.client.schedule.getHandle(foreign).describe()).toMatchObject({ scheduleId: foreign });
});

test('a schedule that is triggered from outside starts a backup of its plan', async () => {
  await apply(configurationOf('triggered', plan('tracker')));
  const handle = temporal.client.schedule.getHandle('holdfast/triggered/tracker/backup');
  await handle.trigger('SKIP');
  let runs: string[] = [];
  for (let attempt = 0; attempt < 100 && runs.length === 0; attempt += 1) {
    runs = (await handle.describe()).info.recentActions.map(({ action }) => action.workflow.workflowId);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(runs).toEqual([expect.stringMatching(/^backup\/triggered\/tracker-\d{4}-\d\d-\d\dT/)]);
});

test('apply --dry-run exits with 2 while there is a difference and with 0 when there is none, and changes nothing', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-apply-'));
  try {
    const example = createFakeIo();
    await runProgram(['config', 'example'], example);
    await writeFile(join(directory, 'holdfast.yaml'), example.out());
    const environment = { TEMPORAL_ADDRESS: server.address, TEMPORAL_CONFIG_FILE: '/nonexistent/temporal.toml' };
    const run = async (...argv: string[]) => {
      const io = createFakeIo({ workingDirectory: directory, environment });
      const exitCode = await runProgram([...argv, '--json'], io);
      const { schedules } = JSON.parse(io.out()) as { schedules: { change: string }[] };
      return { exitCode, changes: [...new Set(schedules.map(({ change }) => change))] };
    };
    expect(await run('apply', '--dry-run')).toEqual({ exitCode: 2, changes: ['create'] });
    expect(await run('apply', '--dry-run')).toEqual({ exitCode: 2, changes: ['create'] });
    expect(await run('apply')).toEqual({ exitCode: 0, changes: ['create'] });
    expect(await run('apply', '--dry-run')).toEqual({ exitCode: 0, changes: ['unchanged'] });
  } finally {
    await rm(directory, { recursive: true });
  }
});
