import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { archiveName, parseArchiveName } from '../../../../activities/archive/archive-name.ts';
import { rotateArchives, selectExpiredArchives } from '../../../../activities/archive/rotate-archives.ts';
import { withDirectory } from '../../../support/phase-context.ts';

const NOW = new Date('2026-11-23T03:00:10Z');
const nameOf = (day: number, plan = 'tracker') =>
  archiveName(
    {
      plan,
      workflowId: 'w',
      runId: '01a20723-d9f2-7dd7-9488-e157cb46d421',
      startedAt: new Date(NOW.getTime() - day * 86_400_000).toISOString(),
    },
    'tar.zst',
  );

test('a name says plan, time and run, and can be read back', () => {
  expect(nameOf(0)).toBe('tracker-20261123T030010Z-cb46d421.tar.zst');
  expect(parseArchiveName(nameOf(0), 'tracker')?.startedAtMs).toBe(NOW.getTime());
});

test.each(['tracker-db', 'track', 'other'])('an archive of plan %s is none of plan tracker', (plan) => {
  expect(parseArchiveName(nameOf(1, plan), 'tracker')).toBeUndefined();
});

test.each([
  'tracker-20261123T030010Z-cb46d421.tar.zst.partial',
  'tracker-2026.tar.zst',
  'tracker-20269999T999999Z-cb46d421.tar.gz',
  'notes.txt',
])('%s is no archive', (name) => {
  expect(parseArchiveName(name, 'tracker')).toBeUndefined();
});

const days = (count: number) => Array.from({ length: count }, (_, day) => nameOf(day));
const select = (names: string[], keepDays: number, keepAtLeast: number) =>
  selectExpiredArchives(names, { plan: 'tracker', now: NOW, keepDays, keepAtLeast });

test('of forty daily archives those of the last seven days stay', () => {
  expect(select(days(40), 7, 2)).toHaveLength(40 - 8);
  expect(select(days(40), 7, 2)).not.toContain(nameOf(7));
  expect(select(days(40), 7, 2)).toContain(nameOf(8));
});

test('the newest ones stay however old they are', () => {
  const old = [nameOf(30), nameOf(40), nameOf(50)];
  expect(select(old, 7, 2)).toEqual([nameOf(50)]);
  expect(select(old.slice(0, 2), 7, 2)).toEqual([]);
});

test('archives are removed, and neither foreign files nor directories of that name', () =>
  withDirectory(async (directory) => {
    for (const name of [nameOf(1), nameOf(20), nameOf(21), nameOf(20, 'tracker-db'), 'notes.txt'])
      await writeFile(join(directory, name), '');
    await mkdir(join(directory, nameOf(30)));
    const archive = { directory, format: 'tar.zst', keepDays: 7, keepAtLeast: 1 } as const;
    expect(await rotateArchives(archive, 'tracker', NOW)).toEqual({ kept: 1, removed: 2 });
    expect((await readdir(directory)).sort()).toEqual([nameOf(1), nameOf(20, 'tracker-db'), nameOf(30), 'notes.txt'].sort());
  }));
