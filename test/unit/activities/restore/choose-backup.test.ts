import { expect, test } from '@jest/globals';
import { chooseBackup, parseTime } from '../../../../activities/restore/choose-backup.ts';

const candidates = [
  { id: 'aaaa1111', time: '2026-11-01T03:00:00Z' },
  { id: 'aaaa2222', time: '2026-11-03T03:00:00.5+02:00' },
  { id: 'bbbb3333', time: '2026-11-02T03:00:00Z' },
];
const choose = (choice: { snapshot?: string; at?: string }) =>
  chooseBackup(candidates, { plan: 'app', kind: 'snapshot', ...choice }).id;

test('the newest is chosen by its time, whatever the order and the zones', () => {
  expect(choose({})).toBe('aaaa2222');
  expect(choose({ snapshot: 'latest' })).toBe('aaaa2222');
});

test.each([
  ['2026-11-03T01:00:01', 'aaaa2222'],
  ['2026-11-03T01:00', 'bbbb3333'],
  ['2026-11-02T03:00:00Z', 'bbbb3333'],
  ['2026-11-02', 'aaaa1111'],
  ['2026-11-02 02:59', 'aaaa1111'],
  ['2026-11-02T04:00+01:00', 'bbbb3333'],
])('at %s it is the newest that is not younger', (at, id) => expect(choose({ at })).toBe(id));

test.each<[{ snapshot?: string; at?: string }, RegExp]>([
  [{ snapshot: 'aaaa' }, /2 snapshots of plan app begin with "aaaa"/],
  [{ snapshot: 'cccc' }, /no snapshot whose id begins with "cccc".*holdfast snapshots app/],
  [{ snapshot: 'bbb' }, /4 characters at least/],
  [{ at: '2026-10-01' }, /has none so old: the oldest is of 2026-11-01T03:00:00Z/],
  [{ at: 'yesterday' }, /"yesterday" is no time/],
])('%j is refused with what to do', (choice, message) => {
  expect(() => choose(choice)).toThrow(
    expect.objectContaining({ type: 'ConfigInvalid', message: expect.stringMatching(message) }),
  );
});

test('a time without a zone is UTC, wherever the worker is', () => {
  expect(parseTime('2026-11-01T03:00')).toBe(Date.UTC(2026, 10, 1, 3));
  expect(parseTime('2026-11-01T03:00:10+0100')).toBe(Date.UTC(2026, 10, 1, 2, 0, 10));
});
