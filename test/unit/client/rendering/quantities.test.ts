import { expect, test } from '@jest/globals';
import { formatAge, formatBytes, formatCount, formatDuration, formatTime } from '../../../../client/rendering/quantities.ts';

test.each([
  [0, '0.0 s'],
  [349, '0.3 s'],
  [9_949, '9.9 s'],
  [9_960, '10 s'],
  [59_400, '59 s'],
  [59_960, '1 min 00 s'],
  [187_000, '3 min 07 s'],
  [3_599_700, '1 h 00 min'],
  [7_500_000, '2 h 05 min'],
  [86_400_000, '1 d 0 h'],
  [367_200_000, '4 d 6 h'],
])('a duration of %d ms reads %s', (durationMs, text) => {
  expect(formatDuration(durationMs)).toBe(text);
});

test.each([
  [-5_000, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [7_200_000, '2 h'],
  [172_799_000, '47 h'],
  [172_800_000, '2 d'],
])('an age of %d ms reads %s', (ageMs, text) => {
  expect(formatAge(ageMs)).toBe(text);
});

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1_048_550, '1.0 MiB'],
  [18_468_222_566, '17.2 GiB'],
  [2 ** 60, '1024.0 PiB'],
])('%d bytes read %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test('a moment is shown in UTC, wherever it was noted', () => {
  expect(formatTime('2026-11-23T03:00:59+01:00')).toBe('2026-11-23 02:00 UTC');
});

test('a count has its plural', () => {
  expect([0, 1, 2].map((count) => formatCount(count, 'warning'))).toEqual(['0 warnings', '1 warning', '2 warnings']);
});
