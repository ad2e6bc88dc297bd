import { expect, test } from '@jest/globals';
import { retentionArguments } from '../../../../activities/restic/arguments.ts';
import { parseBackupLine, parseForgetPreview, parseSnapshots, readErrorOutput } from '../../../../activities/restic/output.ts';
import { compareVersions, parseResticVersion } from '../../../../activities/restic/version.ts';

test('a line of an unknown type or that is no JSON is passed over', () => {
  expect(parseBackupLine('{"message_type":"brand_new"}')).toBeUndefined();
  expect(parseBackupLine('unable to save cache')).toBeUndefined();
});

test('counters that restic leaves out are zero', () => {
  expect(parseBackupLine('{"message_type":"summary","snapshot_id":"ab"}')).toMatchObject({
    data_added: 0,
    total_files_processed: 0,
  });
});

test('a forget that matched nothing has nothing to keep or remove', () => {
  expect(parseForgetPreview('')).toEqual({ keep: [], remove: [] });
  expect(parseForgetPreview('[]\n')).toEqual({ keep: [], remove: [] });
});

test('text after the array of forget is ignored', () => {
  const line = JSON.stringify([{ keep: [{ id: 'a1', short_id: 'a', time: 't' }], remove: null }]);
  expect(parseForgetPreview(`${line}\nloading indexes...\n`).keep).toMatchObject([{ id: 'a1' }]);
});

test('an empty list of snapshots may be null', () => {
  expect(parseSnapshots('null')).toEqual([]);
});

test('JSON errors are unwrapped and plain text is kept', () => {
  const lines = ['{"message_type":"error","error":{"message":"permission denied"},"item":"/x"}', 'plain words'];
  expect(readErrorOutput(lines.join('\n'))).toEqual(['/x: permission denied', 'plain words']);
});

test('a policy becomes the flags of restic, and what is not set is not passed', () => {
  expect(retentionArguments({ keepDaily: 7, keepWeekly: 4, keepWithin: '1y6m' })).toEqual([
    '--keep-daily',
    '7',
    '--keep-weekly',
    '4',
    '--keep-within',
    '1y6m',
  ]);
});

test.each([
  ['{"message_type":"version","version":"0.19.1","go_version":"go1.25"}', '0.19.1'],
  ['restic 0.14.0 compiled with go1.19 on linux/amd64', '0.14.0'],
  ['zsh: command not found', undefined],
])('%s is version %s', (stdout, version) => {
  expect(parseResticVersion(stdout)).toBe(version);
});

test('versions compare number by number', () => {
  expect(compareVersions('0.9.6', '0.17.1')).toBeLessThan(0);
  expect(compareVersions('0.19.1', '0.19.1')).toBe(0);
  expect(compareVersions('1.0.0', '0.19.1')).toBeGreaterThan(0);
});
