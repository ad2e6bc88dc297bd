import { expect, test } from '@jest/globals';
import { parseDuration, parseRatio, parseSize } from '../../../config/units.ts';

test.each([
  ['0s', 0],
  ['30s', 30_000],
  ['5m', 300_000],
  ['12h', 43_200_000],
  ['7d', 604_800_000],
  ['5', undefined],
  ['-5m', undefined],
  ['1h30m', undefined],
  ['1w', undefined],
])('the duration %s is %s ms', (text, expected) => expect(parseDuration(text)).toBe(expected));

test.each([
  ['64KiB', 65_536],
  ['500MiB', 524_288_000],
  ['2GiB', 2_147_483_648],
  ['1TiB', 1_099_511_627_776],
  ['500MB', undefined],
  ['500', undefined],
])('the size %s is %s bytes', (text, expected) => expect(parseSize(text)).toBe(expected));

test.each([
  ['0%', 0],
  ['12.5%', 0.125],
  ['100%', 1],
  [0.5, 0.5],
  ['101%', undefined],
  ['0.5', undefined],
  [1.01, undefined],
  [-0.1, undefined],
])('the ratio %s is %s', (value, expected) => expect(parseRatio(value)).toBe(expected));
