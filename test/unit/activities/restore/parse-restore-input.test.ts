import { expect, test } from '@jest/globals';
import { parseListInput, parseRestoreInput } from '../../../../activities/restore/parse-restore-input.ts';

test('a plan alone is restored from the repository', () => {
  expect(parseRestoreInput({ plan: 'app' })).toEqual({ plan: 'app', from: 'repository' });
});

test.each<[unknown, RegExp]>([
  [undefined, /must be/],
  [{}, /plan/],
  [{ plan: 'app', target: '/tmp' }, /target/],
  [{ plan: 'app', only: [] }, /only/],
  [{ plan: 'app', from: 'elsewhere' }, /from/],
  [{ plan: 'app', file: '/etc/passwd' }, /inside the snapshot/],
  [{ plan: 'app', file: 'files/../../x' }, /inside the snapshot/],
  [{ plan: 'app', snapshot: 'aaaa', at: '2026-11-01' }, /either snapshot or at/],
  [{ plan: 'app', in_place: true, load: 'mysql/a' }, /either in_place or load/],
  [{ plan: 'app', into: 'other' }, /into names the database for load/],
])('%j is refused', (input, message) => {
  expect(() => parseRestoreInput(input)).toThrow(
    expect.objectContaining({ type: 'ConfigInvalid', message: expect.stringMatching(message) }),
  );
});

test('a directory to list lies inside the snapshot', () => {
  expect(parseListInput({ plan: 'app', path: '' })).toEqual({ plan: 'app', path: '' });
  expect(() => parseListInput({ plan: 'app', path: 'a/../..' })).toThrow(/inside the snapshot/);
});
