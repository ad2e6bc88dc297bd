import { expect, test } from '@jest/globals';
import { judgeLocks, type LockCircumstances, type RepositoryLock } from '../../../../activities/restic/lock-judgement.ts';
import type { ProcessRecord } from '../../../../activities/restic/process-records.ts';

const NOW = Date.parse('2026-11-23T04:00:00Z');
const MINUTE = 60_000;

function record(changes: Partial<ProcessRecord> = {}): ProcessRecord {
  return {
    pid: 42,
    startTicks: '1000',
    bootId: 'b',
    pidNamespace: 'n',
    hostname: 'here',
    location: '/srv/restic',
    startedAt: '2026-11-23T03:00:00.000Z',
    file: '/state/1.json',
    ...changes,
  };
}

function lock(changes: Partial<RepositoryLock> = {}, ageMinutes = 5): RepositoryLock {
  const time = new Date(NOW - ageMinutes * MINUTE).toISOString();
  return { id: 'a', time, exclusive: false, hostname: 'here', username: 'root', pid: 42, ...changes };
}

function judge(locks: RepositoryLock[], changes: Partial<LockCircumstances> = {}): boolean {
  const dead = [{ record: record(), state: 'gone' as const }];
  return judgeLocks(locks, { dead, hostname: 'here', now: NOW, isPidInUse: () => false, ...changes }).mayUnlock;
}

test('the lock of a recorded process that is gone may be removed', () => {
  expect(judge([lock()])).toBe(true);
});

test('a young lock of another machine stays as it is, and keeps nobody from removing ours', () => {
  expect(judge([lock(), lock({ hostname: 'elsewhere' })])).toBe(true);
});

test.each([
  ['another machine has the same process number', [lock({ hostname: 'elsewhere' })]],
  ['another machine has the only lock, and has not refreshed it for an hour', [lock({ hostname: 'elsewhere' }, 60)]],
  ['a container of our hostname may hold a second lock', [lock(), lock({ pid: 43 })]],
  ['a lock was made before the process that had its number', [lock({}, 120)]],
  ['restic would remove a stale lock of somebody else too', [lock(), lock({ hostname: 'elsewhere' }, 31)]],
  ['there is no lock', []],
])('nothing is removed when %s', (_case, locks) => {
  expect(judge(locks)).toBe(false);
});

test('nothing is removed when the number is in use again: restic would send it SIGHUP', () => {
  expect(judge([lock()], { isPidInUse: () => true })).toBe(false);
});

test('of a process in another container only a lock that was not refreshed for 30 min may be removed', () => {
  const dead = [{ record: record(), state: 'unknown' as const }];
  expect(judge([lock({}, 29)], { dead })).toBe(false);
  expect(judge([lock({}, 31)], { dead })).toBe(true);
});
