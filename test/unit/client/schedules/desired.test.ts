import { expect, test } from '@jest/globals';
import { desiredSchedules, HASH_MEMO } from '../../../../client/schedules/desired.ts';
import { hashSchedule } from '../../../../client/schedules/hash.ts';
import { configurationOf, nightly, plan } from '../../../support/configurations.ts';

test('a plan with a schedule has one that sets every policy and names its plan only', () => {
  const [schedule] = desiredSchedules(configurationOf('tracker-1', plan('tracker')));
  expect(schedule?.id).toBe('holdfast/tracker-1/tracker/backup');
  expect(schedule?.definition).toEqual({
    spec: { cronExpressions: ['0 3 * * * # holdfast.yaml: 0 3 * * *'], timezone: 'UTC', jitter: 300_000 },
    policies: { overlap: 'SKIP', catchupWindow: 43_200_000, pauseOnFailure: false },
    action: {
      type: 'startWorkflow',
      workflowType: 'backup',
      workflowId: 'backup/tracker-1/tracker',
      taskQueue: 'holdfast-tracker-1',
      args: [{ plan: 'tracker' }],
      staticSummary: 'Backup of tracker on tracker-1',
      memo: { [HASH_MEMO]: schedule?.hash },
    },
  });
});

test('a plan without a schedule has none, and the others are in the order of their ids', () => {
  const configuration = configurationOf('h', plan('b'), plan('manual', { schedule: undefined }), plan('a'));
  expect(desiredSchedules(configuration).map(({ id }) => id)).toEqual(['holdfast/h/a/backup', 'holdfast/h/b/backup']);
});

test('a plan with a verification has its drills besides', () => {
  const schedule = nightly({ cron: '0 6 1 * *' });
  const verification = { schedule, scratchMysql: undefined, requiredFiles: [], queries: [] };
  const [backup, drill] = desiredSchedules(configurationOf('tracker-1', plan('tracker', { verification })));
  expect(backup?.id).toBe('holdfast/tracker-1/tracker/backup');
  expect(drill?.id).toBe('holdfast/tracker-1/tracker/verify');
  expect(drill?.definition).toMatchObject({
    policies: { overlap: 'SKIP', catchupWindow: 43_200_000, pauseOnFailure: false },
    action: { workflowType: 'verifyRestore', workflowId: 'verify/tracker-1/tracker', args: [{ plan: 'tracker' }] },
  });
});

test('a repository has a schedule for each task that the configuration asks for, which names the repository only', () => {
  const configuration = configurationOf('h', plan('a', { schedule: undefined }));
  const [main] = configuration.repositories.values();
  if (main === undefined) throw new Error('no repository');
  const settings = { schedule: nightly({ cron: '0 5 * * 0' }), deadlineMs: 1, readDataSubset: { total: 8 } };
  const repositories = new Map([['main', { ...main, check: settings, prune: settings }]]);
  const schedules = desiredSchedules({ ...configuration, repositories });
  expect(schedules.map(({ id }) => id)).toEqual(['holdfast/h/repository/main/check', 'holdfast/h/repository/main/prune']);
  expect(schedules[0]?.definition).toMatchObject({
    spec: { cronExpressions: ['0 5 * * 0 # holdfast.yaml: 0 5 * * 0'] },
    policies: { overlap: 'SKIP', pauseOnFailure: false },
    action: { workflowType: 'check', workflowId: 'check/h/main', taskQueue: 'holdfast-h', args: [{ repository: 'main' }] },
  });
});

test.each([
  ['cron', { cron: '0 4 * * *' }],
  ['time zone', { timezone: 'Europe/Berlin' }],
  ['jitter', { jitterMs: 0 }],
  ['catch-up window', { catchUpWithinMs: 60_000 }],
  ['overlap', { overlap: 'buffer_one' as const }],
])('another %s has another hash', (_field, changes) => {
  const [before] = desiredSchedules(configurationOf('h', plan('a')));
  const [after] = desiredSchedules(configurationOf('h', plan('a', { schedule: nightly(changes) })));
  expect(after?.hash).not.toBe(before?.hash);
});

// A release that changes this shows each schedule of each operator as changed.
test('the hash of a schedule that says nothing of overlaps is the one that it always had', () => {
  const [schedule] = desiredSchedules(configurationOf('h', plan('a')));
  expect(schedule?.hash).toBe('4b2864d8b7c1447d3f77c4aea1885112520a76afb4c4667c85518aac413bf1a4');
  expect(schedule?.definition.policies).toMatchObject({ overlap: 'SKIP' });
});

test('what a schedule does not say has no part in its hash', () => {
  const [before] = desiredSchedules(configurationOf('h', plan('a')));
  const [after] = desiredSchedules(configurationOf('h', plan('a', { tags: ['x'], deadlineMs: 1 }), plan('b')));
  expect(after?.hash).toBe(before?.hash);
});

test('a hash depends neither on the order of keys nor on undefined fields', () => {
  expect(hashSchedule({ a: 1, b: { c: [1, 2], d: undefined } })).toBe(hashSchedule({ b: { c: [1, 2] }, a: 1 }));
});

test('a hash depends on the order of a list', () => {
  expect(hashSchedule({ a: [1, 2] })).not.toBe(hashSchedule({ a: [2, 1] }));
});
