import { expect, test } from '@jest/globals';
import { load } from './modules.ts';

const { parseOptions } = await load('options');
const { roundsOf } = await load('rounds');
const { roomFor } = await load('room');

test('A large database has the days that fit it, and each option that is given counts', () => {
  expect(parseOptions(['--size', '17GB'])).toMatchObject({
    mysqlSize: 0,
    patterns: ['pages-2'],
    only: ['read', 'holdfast-incremental'],
    next: ['restic-raw'],
    days: 2,
    memory: 'both',
    writers: [true],
    skipRestore: true,
  });
  expect(parseOptions(['--size', '17GB', '--writer', 'both', '--days', '3'])).toMatchObject({ writers: [false, true], days: 3 });
  expect(parseOptions(['--size', '50MB'])).toMatchObject({ mysqlSize: 10e6, next: [], memory: 'as-left', skipRestore: false });
});

test.each([
  [['--size', '1GB', '--only', 'rsync'], '--only rsync: not one of loop, '],
  [['--size', '1GB', '--writer', 'maybe'], '--writer maybe: not one of no, yes, both'],
  [['--size', '1GB', '--memory', 'cold'], '--memory cold: not one of as-left, both'],
  [['--size', '1GB', '--write', 'all'], '--write all: not one of everybody, '],
  [['--size', '1GB', '--days', '0'], '--days 0: must be a whole number from 1 on'],
])('%j is refused', (args, message) => {
  expect(() => parseOptions(args)).toThrow(message);
});

test('Those of --next come after the others, each without and with a writer; the first time is known', () => {
  const rounds = roundsOf({ only: ['read', 'loop'], next: ['restic-raw'], writers: [false, true] });
  expect(rounds.map(({ names, hasWriter, isFirst }) => `${names.join('+')} ${hasWriter} ${isFirst}`)).toEqual([
    'read+loop false true',
    'restic-raw false true',
    'read+loop true false',
    'restic-raw true false',
  ]);
});

test('Room is needed for the databases, the largest round and a restore; unchanged days need none', () => {
  const options = {
    size: 10e9,
    mysqlSize: 0,
    days: 2,
    patterns: ['unchanged', 'tracker-like'],
    writers: [false],
    skipRestore: true,
  };
  expect(roomFor({ ...options, only: ['restic'], next: [] })).toBe(10e9 * (1 + 1 + 0.8 + 2 * 0.8));
  expect(roomFor({ ...options, only: ['restic'], next: ['read'], skipRestore: false })).toBe(10e9 * (2 + 1 + 0.8 + 2 * 0.8));
  expect(roomFor({ ...options, only: ['read'], next: [], restoreChain: true })).toBe(10e9 * (2 + 1 + 0.8));
});
