import { expect, test } from '@jest/globals';
import { PLAIN } from '../../../../client/rendering/palette.ts';
import { isOverdue, scheduleIntervalMs } from '../../../../client/status/cadence.ts';
import type { OwedStart } from '../../../../client/status/owed-hooks.ts';
import { type HostStatus, type PlanStatus, toStatusDocument } from '../../../../client/status/plan-status.ts';
import { renderStatus } from '../../../../client/status/render-status.ts';
import { openPhase, runRecord } from '../../../support/run-records.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = new Date('2026-11-23T15:00:00.000Z');

test.each([
  ['0 3 * * *', 'UTC', DAY],
  ['*/15 * * * *', 'UTC', 15 * 60_000],
  ['0 0,6 * * *', 'UTC', 18 * HOUR],
  ['0 3 * * 1-5', 'UTC', 3 * DAY],
  ['0 6 1 * *', 'UTC', 31 * DAY],
  ['@weekly', 'UTC', 7 * DAY],
  // The clocks of Berlin go forward in March: that night is an hour shorter, and none is longer in these two weeks.
  ['0 3 * * *', 'Europe/Berlin', DAY],
])('%s in %s starts at the latest after %d ms', (cron, timezone, intervalMs) => {
  expect(scheduleIntervalMs({ cron, timezone }, NOW)).toBe(intervalMs);
});

test('a schedule that cannot be read has no interval, and is never overdue', () => {
  const intervalMs = scheduleIntervalMs({ cron: 'not a cron', timezone: 'UTC' }, NOW);
  expect(intervalMs).toBeUndefined();
  expect(isOverdue({ intervalMs, lastGoodAt: undefined, scheduledSince: new Date(0), now: NOW })).toBe(false);
});

const ago = (durationMs: number) => new Date(NOW.getTime() - durationMs);

test.each([
  ['a success within 1.5 intervals', { lastGoodAt: ago(36 * HOUR).toISOString() }, false],
  ['a success before that', { lastGoodAt: ago(36 * HOUR + 1).toISOString() }, true],
  ['no success since the schedule was made long ago', { scheduledSince: ago(40 * DAY) }, true],
  ['no success of a schedule that was made just now', { scheduledSince: ago(HOUR) }, false],
  ['no success that Temporal could remember', { scheduledSince: ago(40 * DAY), retentionMs: DAY }, false],
  ["a success within the plan's own limit", { maxAgeMs: 3 * DAY, lastGoodAt: ago(2 * DAY).toISOString() }, false],
  ["a success before the plan's own limit", { maxAgeMs: HOUR, lastGoodAt: ago(2 * HOUR).toISOString() }, true],
  ['no schedule, but a limit that has passed', { intervalMs: undefined, maxAgeMs: DAY, scheduledSince: ago(40 * DAY) }, true],
  ['no success in all that Temporal remembers', { scheduledSince: ago(40 * DAY), retentionMs: 30 * DAY }, true],
])('%s: overdue %#', (_case, known, expected) => {
  const question = { intervalMs: DAY, lastGoodAt: undefined, scheduledSince: ago(40 * DAY), now: NOW, ...known };
  expect(isOverdue(question)).toBe(expected);
});

function planStatus(changes: Partial<PlanStatus> = {}): PlanStatus {
  return {
    plan: 'tracker',
    lastRun: runRecord(),
    lastGood: runRecord(),
    lastDrill: undefined,
    running: [],
    schedule: {
      isPaused: false,
      pausedNote: '',
      nextTimes: ['2026-11-24T03:02:00.000Z', '2026-11-25T03:01:00.000Z', '2026-11-26T03:00:00.000Z'],
      missedCatchUpWindow: 0,
      skippedOverlap: 0,
      createdAt: '2026-10-01T00:00:00.000Z',
    },
    isScheduled: true,
    isOverdue: false,
    ...changes,
  };
}

function lines(status: PlanStatus, workers: string[] = ['4711@tracker-1'], owedStarts: OwedStart[] = []): string[] {
  const host: HostStatus = { host: 'tracker-1', workers, plans: [status], owedStarts };
  return renderStatus(host, { palette: PLAIN, now: NOW });
}

test('the status of a healthy plan names its last runs, its last drill and the next ones', () => {
  const lastDrill = { ...runRecord(), drill: { restoreMs: 1_500, checks: [] } };
  expect(lines(planStatus({ lastDrill }))).toEqual([
    'host tracker-1 · worker 4711@tracker-1',
    '',
    'tracker',
    '  last run    succeeded in 14 s, started 2026-11-23 03:00 UTC (12 h ago)',
    '  last good   2026-11-23 03:00 UTC (12 h ago), snapshot 4bba301e, 34.0 MiB added',
    '  last drill  pass, 2026-11-23 03:00 UTC (12 h ago), restored in 1.5 s',
    '  next        2026-11-24 03:02 UTC, 2026-11-25 03:01 UTC',
  ]);
});

test('an overdue plan says so, with its last failure, missed runs and a worker that is gone', () => {
  const failure = { type: 'DiskFull', message: 'no space left on /var/lib/holdfast', phase: 'dumpSqlite sqlite/tracker' };
  const schedule = { ...planStatus().schedule, missedCatchUpWindow: 2, skippedOverlap: 1 } as PlanStatus['schedule'];
  const text = lines(planStatus({ isOverdue: true, lastRun: runRecord({ outcome: 'failed', failure }), schedule }), []).join(
    '\n',
  );
  expect(text).toContain('no worker polls');
  expect(text).toContain('tracker  overdue');
  expect(text).toContain('    DiskFull: no space left on /var/lib/holdfast');
  expect(text).toContain('missed      2 runs due while Temporal was away, 1 run due while one was open');
});

test('a run that had to wait says when it was due and what it waited for, in words and in the document', () => {
  const waits = { dueAt: '2026-11-22T20:00:00.000Z', waitedForWorkerMs: 7 * HOUR, waitedForTurnMs: 725_000 };
  const status = planStatus({ lastRun: runRecord(waits) });
  expect(lines(status).slice(3, 6)).toEqual([
    '  last run    succeeded in 14 s, started 2026-11-23 03:00 UTC (12 h ago)',
    '  was due     2026-11-22 20:00 UTC',
    '  waited      7 h 00 min for a worker, 12 min 05 s for other runs',
  ]);
  const document = toStatusDocument({ host: 'tracker-1', workers: [], plans: [status], owedStarts: [] });
  const last_run = { due_at: waits.dueAt, waited_for_worker_ms: 25_200_000, waited_for_turn_ms: 725_000 };
  expect(document).toMatchObject({ plans: [{ last_run }] });
});

test('a run that was on time says nothing of when it was due', () => {
  expect(lines(planStatus({ lastRun: runRecord({ dueAt: '2026-11-23T03:00:00.000Z' }) })).join('\n')).not.toContain('was due');
});

test('without a worker a run in progress is one that waits for it', () => {
  const record = runRecord({ outcome: 'running', startedAt: '2026-11-23T03:00:00.000Z', phases: [] });
  const text = lines(planStatus({ running: [{ record, phases: [] }] }), []).join('\n');
  expect(text).toContain('  waiting     for a worker, asked for at 2026-11-23 03:00 UTC (12 h ago)');
});

test('a run in progress shows its open phases, and a pause shows its note', () => {
  const record = runRecord({ outcome: 'running', startedAt: '2026-11-23T14:57:00.000Z', phases: [openPhase('createSnapshot')] });
  const schedule = { ...planStatus().schedule, isPaused: true, pausedNote: 'moving' } as PlanStatus['schedule'];
  const text = lines(planStatus({ running: [{ record, phases: ['createSnapshot 40 %'] }], schedule })).join('\n');
  expect(text).toContain('  running     for 3 min: createSnapshot 40 %');
  expect(text).toContain('  next        paused: moving');
});

test('workers are named with their machine and start, and a second one is a warning', () => {
  const [one, two] = ['7@a/2026-11-23T03:00:00.000Z#0123456789ab', '7@b/2026-11-23T04:00:00.000Z#0123456789ab'];
  expect(lines(planStatus(), [one])[0]).toBe('host tracker-1 · worker 7@a since 2026-11-23 03:00 UTC');
  expect(lines(planStatus(), [one]).join(' ')).not.toContain('workers have polled');
  expect(lines(planStatus(), [one, two]).slice(0, 4).join(' ')).toMatch(
    /7@a since .*, 7@b since .* 2 workers have polled .* `host:` of its own/,
  );
});

test('a schedule that was never applied says how to', () => {
  expect(lines(planStatus({ schedule: undefined })).join('\n')).toContain('not in Temporal yet: holdfast apply');
});

test('the document of a status has every field, null where nothing is known', () => {
  const status = planStatus({ lastRun: undefined, lastGood: undefined, schedule: undefined });
  expect(toStatusDocument({ host: 'tracker-1', workers: [], plans: [status], owedStarts: [] })).toEqual({
    host: 'tracker-1',
    worker: { polling: false, identities: [] },
    plans: [
      { plan: 'tracker', overdue: false, last_run: null, last_good_run: null, last_drill: null, running: [], schedule: null },
    ],
    stopped_by_hooks: [],
  });
});

const OWED: OwedStart = {
  plan: 'tracker',
  since: '2026-11-23T03:00:00.000Z',
  failure: 'after_dump of plan tracker: `docker start tracker` ended with exit code 1',
  command: 'docker start tracker',
};

test('a service that hooks stopped and cannot start comes first, with the command to type', () => {
  expect(lines(planStatus(), [], [OWED]).slice(1, 5)).toEqual([
    'plan tracker: STOPPED by its hooks since 2026-11-23 03:00 UTC (12 h ago), and after_dump fails',
    '    after_dump of plan tracker: `docker start tracker` ended with',
    '    exit code 1',
    '    the worker goes on trying; by hand: docker start tracker',
  ]);
  expect(lines(planStatus(), [], [{ ...OWED, failure: undefined }])[1]).toBe(
    'plan tracker: stopped by its hooks since 2026-11-23 03:00 UTC (12 h ago)',
  );
  const document = toStatusDocument({ host: 'tracker-1', workers: [], plans: [], owedStarts: [OWED] });
  expect(document).toMatchObject({ stopped_by_hooks: [{ ...OWED }] });
});
