import { expect, test } from '@jest/globals';
import { parseWorkerIdentity, workerIdentity } from '../../../contract/worker-identity.ts';
import { findRival } from '../../../worker/rivals.ts';

const worker = (machine: string, startedAt: string, pid = 7) =>
  workerIdentity({ pid, machine, startedAt, configurationHash: 'a'.repeat(64) });

const OWN = worker('b', '2026-11-23T03:00:00.000Z');
const OLDER = worker('a', '2026-11-22T03:00:00.000Z');
const YOUNGER = worker('c', '2026-11-23T03:00:01.000Z');
const TWIN = worker('b', '2026-11-22T03:00:00.000Z');
/** Our own first poll. */
const FIRST = Date.parse('2026-11-23T03:00:02.000Z');
const MINUTE = 60_000;

const rival = (identity: string, afterMs: number) =>
  findRival(
    [
      { identity: OWN, lastAccessMs: FIRST + 3 * MINUTE },
      { identity, lastAccessMs: FIRST + afterMs },
    ],
    OWN,
    FIRST,
  );

test.each([
  ['one that was there before and still polls after two minutes', OLDER, 2 * MINUTE, OLDER],
  ['one in a container of the same name, with the same process number', TWIN, 2 * MINUTE, TWIN],
  ['a predecessor that has not polled since', OLDER, -1, undefined],
  ['a predecessor whose polls ended while it drained', OLDER, 45_000, undefined],
  ['a machine that lost its power just before, and whose polls the server ended', OLDER, 70_000, undefined],
  ['one that came after us: it will go', YOUNGER, 2 * MINUTE, undefined],
  ['somebody who is no worker of ours', '7@a', 2 * MINUTE, undefined],
])('%s', (_case, identity, afterMs, expected) => {
  expect(rival(identity, afterMs)).toBe(expected);
});

test('of any two workers exactly one takes the other for a rival, also of two that started at the same moment', () => {
  const all = [OWN, OLDER, YOUNGER, TWIN, worker('d', '2026-11-23T03:00:00.000Z'), worker('b', '2026-11-23T03:00:00.000Z', 8)];
  const late = FIRST + 2 * MINUTE;
  const sees = (own: string, other: string) => findRival([{ identity: other, lastAccessMs: late }], own, FIRST) === other;
  for (const one of all) for (const other of all) if (one !== other) expect(sees(one, other)).toBe(!sees(other, one));
});

test('an identity can be read again', () => {
  expect(parseWorkerIdentity(OWN)).toEqual({ pid: 7, machine: 'b', startedAt: '2026-11-23T03:00:00.000Z' });
  expect(parseWorkerIdentity('4711@tracker-1#0123456789ab')).toBeUndefined();
});
