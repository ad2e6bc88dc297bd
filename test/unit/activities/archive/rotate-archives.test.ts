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
    for (const name of [nameOf(1), nameOf(6), nameOf(20), nameOf(21), nameOf(20, 'tracker-db'), 'notes.txt'])
      await writeFile(join(directory, name), '');
    await mkdir(join(directory, nameOf(30)));
    const archive = { directory, format: 'tar.zst', keepDays: 7, keepAtLeast: 1 } as const;
    expect(await rotateArchives(archive, 'tracker', { now: NOW })).toEqual({ kept: 2, removed: 2 });
    expect((await readdir(directory)).sort()).toEqual(
      [nameOf(1), nameOf(6), nameOf(20, 'tracker-db'), nameOf(30), 'notes.txt'].sort(),
    );
  }));

/** Rotates archives of these ages in days, and says what is left. */
async function rotate(ages: number[], options: { keepDays?: number; doubt?: string } = {}) {
  return withDirectory(async (directory) => {
    for (const age of ages) await writeFile(join(directory, nameOf(age)), '');
    const archive = { directory, format: 'tar.zst', keepDays: options.keepDays ?? 7, keepAtLeast: 1 } as const;
    const { doubt } = await rotateArchives(archive, 'tracker', { now: NOW, doubt: options.doubt });
    return { left: (await readdir(directory)).length, doubt };
  });
}

test('a clock that jumped a year forward removes nothing, and what it looks like is said', async () => {
  const { left, doubt } = await rotate([0, 365, 366, 367, 368]);
  expect(left).toBe(5);
  expect(doubt).toContain('all but the newest look older than 7 days at once');
});

test('after a pause of the plan its second run removes what is expired', async () => {
  expect(await rotate([0, 1, 365, 366, 367])).toEqual({ left: 2, doubt: undefined });
});

test('a plan that runs more seldom than its archives are kept is no jump of a clock', async () => {
  expect(await rotate([0, 30, 60, 90])).toEqual({ left: 1, doubt: undefined });
});

test('where the clock itself is in doubt nothing is removed, and nothing is said unless something would have been', async () => {
  const doubt = 'the clock of this machine is 24 h ahead';
  expect(await rotate([0, 1, 20, 21], { doubt })).toEqual({ left: 4, doubt });
  expect(await rotate([0, 1, 2], { doubt })).toEqual({ left: 3, doubt: undefined });
});
