import { expect, test } from '@jest/globals';
import { load } from './modules.ts';

const { parseTimes } = await load('measure');
const { parseStat } = await load('process-tree');
const { parseSize, formatBytes } = await load('size');

test("CPU seconds are the user and system time of the shell's children", () => {
  expect(parseTimes('0m0.004s 0m0.001s\n1m2.500s 0m0.250s\n')).toBe(62.75);
  expect(parseTimes('')).toBeUndefined();
});

test('A process is read from /proc whatever its name is', () => {
  const fields = [
    'S',
    '42',
    ...Array.from({ length: 9 }, () => '0'),
    '1',
    '2',
    '30',
    '400',
    ...Array.from({ length: 6 }, () => '0'),
    '3',
  ];
  expect(parseStat(`7 (a) b (c) ${fields.join(' ')} 99\n`)).toEqual({ parent: 42, ticks: 433, rss: 3 * 4096 });
});

test('Sizes are decimal', () => {
  expect(parseSize('1.5GB')).toBe(1_500_000_000);
  expect(parseSize('300 mb')).toBe(300_000_000);
  expect(parseSize('0')).toBe(0);
  expect(() => parseSize('1.5 gibi')).toThrow('1.5 gibi is no size: write 300MB or 1.5GB');
  expect([0, 950, 41_440_000, 1_517_000_000].map(formatBytes)).toEqual(['0.00 B', '950 B', '41.4 MB', '1.52 GB']);
});
