import { expect, test } from '@jest/globals';
import { type DesiredSchedule, desiredSchedules } from '../../../../client/schedules/desired.ts';
import { type ActualSchedule, diffSchedules, hasDifference } from '../../../../client/schedules/diff.ts';
import { renderSteps, toStepsDocument } from '../../../../client/schedules/render-steps.ts';
import { configurationOf, nightly, plan } from '../../../support/configurations.ts';

const CONFIGURATION = configurationOf('h', plan('a'));
const KEEP = { prune: false };

/** A schedule as the server describes it after it was applied: its cron is a calendar with a comment (server 1.32). */
function applied({ id, definition }: DesiredSchedule, changes: Partial<ActualSchedule> = {}): ActualSchedule {
  const comment = definition.spec.cronExpressions?.[0]?.split(' # ')[1] ?? '';
  const calendar = { second: [], minute: [], hour: [], dayOfMonth: [], month: [], year: [], dayOfWeek: [], comment };
  return {
    scheduleId: id,
    spec: { calendars: [calendar], intervals: [], skip: [], jitter: 300_000, timezone: 'UTC' },
    policies: { overlap: 'SKIP', catchupWindow: 43_200_000, pauseOnFailure: false },
    action: definition.action as ActualSchedule['action'],
    state: { paused: false, note: 'Made by holdfast apply' },
    ...changes,
  };
}

const [DESIRED] = desiredSchedules(CONFIGURATION);
if (DESIRED === undefined) throw new Error('the plan has no schedule');
const ACTUAL = applied(DESIRED);

test('a schedule that is missing is created', () => {
  expect(diffSchedules([DESIRED], [], KEEP)).toMatchObject([{ id: 'holdfast/h/a/backup', change: 'create' }]);
});

test('a schedule that was applied is unchanged', () => {
  expect(diffSchedules([DESIRED], [ACTUAL], KEEP)).toEqual([{ id: DESIRED.id, change: 'unchanged' }]);
});

test('a change in the configuration updates the schedule', () => {
  const later = desiredSchedules(configurationOf('h', plan('a', { schedule: nightly({ cron: '5 3 * * *' }) })));
  expect(diffSchedules(later, [ACTUAL], KEEP)).toMatchObject([{ change: 'update' }]);
});

test.each<[string, Partial<ActualSchedule>]>([
  ['its times', { spec: { ...ACTUAL.spec, calendars: [] } }],
  ['an interval', { spec: { ...ACTUAL.spec, intervals: [{ every: 1, offset: 0 }] } }],
  ['its time zone', { spec: { ...ACTUAL.spec, timezone: 'Asia/Tokyo' } }],
  ['its jitter', { spec: { ...ACTUAL.spec, jitter: 0 } }],
  ['its overlap policy', { policies: { ...ACTUAL.policies, overlap: 'ALLOW_ALL' } }],
  ['its catch-up window', { policies: { ...ACTUAL.policies, catchupWindow: 1 } }],
  ['pause on failure', { policies: { ...ACTUAL.policies, pauseOnFailure: true } }],
  ['its task queue', { action: { ...ACTUAL.action, taskQueue: 'other' } }],
  ['its input', { action: { ...ACTUAL.action, args: [{ plan: 'b' }] } }],
])('an edit by hand of %s is put right', (_field, changes) => {
  expect(diffSchedules([DESIRED], [{ ...ACTUAL, ...changes }], KEEP)).toMatchObject([{ change: 'update' }]);
});

test('a pause is no difference, and its note is passed on', () => {
  const paused = { ...ACTUAL, state: { paused: true, note: 'disk is being replaced' } };
  expect(diffSchedules([DESIRED], [paused], KEEP)).toEqual([
    { id: DESIRED.id, change: 'unchanged', pausedNote: 'disk is being replaced' },
  ]);
});

test('a schedule of ours that is no longer wanted is stale, and deleted by a prune', () => {
  const changes = [false, true].map((prune) => diffSchedules([], [ACTUAL], { prune }).map(({ change }) => change));
  expect(changes).toEqual([['stale'], ['delete']]);
});

test("somebody else's schedule below our prefix is left alone, even by a prune", () => {
  const { memo: _, ...action } = ACTUAL.action;
  expect(diffSchedules([], [{ ...ACTUAL, action }], { prune: true })).toEqual([]);
});

test.each([
  [[], false],
  [['unchanged', 'stale'], false],
  [['unchanged', 'create'], true],
  [['update'], true],
  [['delete'], true],
] as const)('steps %j are a difference: %s', (changes, expected) => {
  expect(hasDifference(changes.map((change) => ({ id: 'x', change })))).toBe(expected);
});

test('steps are printed a line each, with pauses and what stale means', () => {
  const steps = [
    { id: 'holdfast/h/a/backup', change: 'update', pausedNote: 'moving' },
    { id: 'holdfast/h/old/backup', change: 'stale' },
  ] as const;
  expect(renderSteps(steps)).toEqual([
    'update  holdfast/h/a/backup  (stays paused: moving)',
    'stale   holdfast/h/old/backup',
    '',
    'stale: no longer in the configuration, but still there; apply --prune deletes it',
  ]);
  expect(toStepsDocument(steps, { isDryRun: true })).toEqual({
    dry_run: true,
    has_difference: true,
    schedules: [
      { id: 'holdfast/h/a/backup', change: 'update', paused: true },
      { id: 'holdfast/h/old/backup', change: 'stale', paused: false },
    ],
  });
});
