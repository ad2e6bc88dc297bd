import { expect, test } from '@jest/globals';
import { requireInTime } from '../../../../activities/run/lateness.ts';
import type { Arrival } from '../../../../contract/backup.ts';
import { nightly } from '../../../support/configurations.ts';

const WHO = { host: 'tracker-1', byHand: 'holdfast backup tracker' };

/** What becomes of a run of three o'clock on the 20th, with a catch-up window of twelve hours. */
function judge(arrival: Partial<Arrival>, changes: Parameters<typeof nightly>[0] = {}): string {
  const due = '2026-11-20T03:00:00.000Z';
  const complete = { scheduledAt: due, requestedAt: due, arrivedAt: due, ...arrival };
  try {
    requireInTime(nightly(changes), complete, WHO);
    return 'begins';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

test.each([
  ['a worker was there', '2026-11-20T03:00:01.000Z', /^begins$/],
  ['the worker was back within the window', '2026-11-20T14:59:00.000Z', /^begins$/],
  ['the worker was back after it', '2026-11-20T15:01:00.000Z', /nothing was begun/],
  ['it stands for the run of the third night, which is within the window', '2026-11-22T14:00:00.000Z', /^begins$/],
  ['it stands for the run of the third night, which is not', '2026-11-22T20:00:00.000Z', /nothing was begun/],
])('%s', (_case, arrivedAt, outcome) => {
  expect(judge({ arrivedAt })).toMatch(outcome);
});

test('the refusal says when it was due, when a worker came, when the next is due and what to type', () => {
  expect(judge({ arrivedAt: '2026-11-22T20:00:00.000Z' })).toBe(
    'this run was due at 2026-11-20 03:00 UTC, but no worker ran on tracker-1 until 2026-11-22 20:00 UTC. It was last due at ' +
      '2026-11-22 03:00 UTC, longer ago than catch_up_within (12h) allows, so nothing was begun. Next it is due at ' +
      '2026-11-23 03:00 UTC. Start one now: holdfast backup tracker',
  );
});

test('a run that Temporal held back until the one before it had ended is not late', () => {
  const held = { requestedAt: '2026-11-20T21:00:00.000Z' };
  expect(judge({ ...held, arrivedAt: '2026-11-20T21:00:01.000Z' }, { overlap: 'buffer_one' })).toBe('begins');
  expect(judge({ ...held, arrivedAt: '2026-11-20T21:05:00.000Z' }, { overlap: 'buffer_one' })).toBe('begins');
  expect(judge({ ...held, arrivedAt: '2026-11-21T01:00:00.000Z' }, { overlap: 'buffer_one', cron: '0 3 1 * *' })).toBe('begins');
});

test('outages of Temporal and of the worker add up', () => {
  const requestedAt = '2026-11-20T13:00:00.000Z';
  expect(judge({ requestedAt, arrivedAt: '2026-11-20T14:59:00.000Z' })).toBe('begins');
  expect(judge({ requestedAt, arrivedAt: '2026-11-20T15:01:00.000Z' })).toMatch(/nothing was begun/);
});

test('what was asked for by hand, and what has no schedule any more, is never too late', () => {
  const late = { requestedAt: '2026-11-20T03:00:00.000Z', arrivedAt: '2026-12-24T03:00:00.000Z' };
  expect(() => requireInTime(nightly(), late, WHO)).not.toThrow();
  expect(() => requireInTime(undefined, { ...late, scheduledAt: late.requestedAt }, WHO)).not.toThrow();
  expect(() => requireInTime(nightly(), undefined, WHO)).not.toThrow();
});
