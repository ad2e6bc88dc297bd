import { expect, test } from '@jest/globals';
import { chooseSnapshot } from '../../../../activities/drill/choose-snapshot.ts';
import type { ResticSnapshot } from '../../../../activities/restic/output.ts';

function snapshot(id: string, time: string): ResticSnapshot {
  return { id: id.padEnd(64, '0'), short_id: id.padEnd(8, '0'), time, hostname: 'h', paths: ['/stage'] };
}

const FIRST = snapshot('aa1', '2026-11-01T03:00:00Z');
const SECOND = snapshot('aa2', '2026-11-02T03:00:00Z');
const THIRD = snapshot('bb3', '2026-11-03T03:00:00Z');
const OPTIONS = { plan: 'tracker', repository: 'main', wanted: undefined, incomplete: [] };

test('the newest snapshot is drilled', () => {
  expect(chooseSnapshot([SECOND, THIRD, FIRST], OPTIONS)).toBe(THIRD);
});

test('one that is known to lack files is passed over', () => {
  expect(chooseSnapshot([FIRST, SECOND, THIRD], { ...OPTIONS, incomplete: [THIRD.id] })).toBe(SECOND);
});

test('a snapshot is found by the beginning of its id, also when it lacks files', () => {
  expect(chooseSnapshot([FIRST, SECOND, THIRD], { ...OPTIONS, wanted: 'bb', incomplete: [THIRD.id] })).toBe(THIRD);
});

test.each([
  ['cc', 'no snapshot'],
  ['aa', '2 snapshots'],
])('%s names %s and is refused', (wanted, problem) => {
  expect(() => chooseSnapshot([FIRST, SECOND, THIRD], { ...OPTIONS, wanted })).toThrow(problem);
});

test('without a complete snapshot the drill fails and says what to do', () => {
  expect(() => chooseSnapshot([], OPTIONS)).toThrow('holdfast backup tracker');
  expect(() => chooseSnapshot([FIRST], { ...OPTIONS, incomplete: [FIRST.id] })).toThrow('no complete snapshot');
});
