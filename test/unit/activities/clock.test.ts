import { expect, test } from '@jest/globals';
import { doubtClock, standsApart } from '../../../activities/clock.ts';

const HOUR_MS = 3_600_000;

test.each([
  ['a day ahead', -24, '24 h ahead of'],
  ['a day behind', 24, '24 h behind'],
])('a clock that is %s of Temporal is doubted', (_, hours, said) => {
  expect(doubtClock({ now: () => Date.now() + hours * HOUR_MS })).toContain(said);
});

test.each([0, 2, -2])('a clock that is %d h off is trusted with what counts in days', (hours) => {
  expect(doubtClock({ now: () => Date.now() + hours * HOUR_MS })).toBeUndefined();
});

test.each([
  ['a year after daily ones', [400, 35, 34, 33], true],
  ['the next of daily ones', [4, 3, 2, 1], false],
  ['one after a week in which nothing ran', [9, 2, 1], true],
  ['the next of monthly ones', [90, 60, 31, 1], false],
  ['the second one ever', [400, 1], false],
])('whether %s stands apart: days %j, %s', (_, days, expected) => {
  expect(standsApart(days.map((day) => day * 24 * HOUR_MS))).toBe(expected);
});
