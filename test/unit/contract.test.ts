import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { FAILURES, isFailureType, NEVER_RETRIED } from '../../contract/failures.ts';
import { HOLDFAST_VERSION } from '../../contract/version.ts';

test('the version is that of package.json', async () => {
  const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  expect(HOLDFAST_VERSION).toBe(manifest.version);
});

test('what only a person can mend is never retried, and what may pass by itself is', () => {
  expect(NEVER_RETRIED).toEqual(expect.arrayContaining(['ConfigInvalid', 'AuthRejected', 'RepositoryMissing', 'DumpRejected']));
  expect(NEVER_RETRIED).not.toEqual(expect.arrayContaining(['RepositoryLocked']));
  for (const type of ['SourceUnavailable', 'StorageUnavailable', 'DiskFull', 'PlanBusy', 'RepositoryLocked']) {
    expect(NEVER_RETRIED).not.toContain(type);
  }
});

test("restic's exit codes for a missing, locked or closed repository are passed on", () => {
  expect(FAILURES.RepositoryMissing.exitCode).toBe(10);
  expect(FAILURES.RepositoryLocked.exitCode).toBe(11);
  expect(FAILURES.AuthRejected.exitCode).toBe(12);
});

test('a type from a history is known only when the table has it', () => {
  expect(isFailureType('DiskFull')).toBe(true);
  expect(isFailureType('toString')).toBe(false);
  expect(isFailureType(undefined)).toBe(false);
});

test('docs/failures.md has the row of each failure', async () => {
  const page = await readFile(new URL('../../docs/failures.md', import.meta.url), 'utf8');
  for (const [type, { retry, exitCode, meaning }] of Object.entries(FAILURES)) {
    expect(page).toContain(`| ${type} | ${retry} | ${exitCode} | ${meaning} |`);
  }
  expect(page.match(/^\| \w+ \| (never|back-off) \|/gm)).toHaveLength(Object.keys(FAILURES).length);
});
