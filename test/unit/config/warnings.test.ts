import { expect, test } from '@jest/globals';
import { configurationWarnings } from '../../../config/index.ts';
import { clockChanges } from '../../../config/time-zone.ts';
import { load, sampleWith } from './sample.ts';

const NOW = new Date('2026-06-01T12:00:00Z');
const SCHEDULE = 'plans.tracker.schedule';

async function warnings(cron: string, timezone: string): Promise<string[]> {
  const configuration = await load(
    sampleWith({ [SCHEDULE]: { cron, timezone }, 'repositories.main.prune': { schedule: { cron: '@weekly' } } }),
  );
  return configurationWarnings(configuration, NOW).map(({ path, message }) => `${path}: ${message}`);
}

test('a time that is skipped and repeated in a zone with daylight saving time is warned of twice', async () => {
  expect(await warnings('30 2 * * *', 'Europe/Berlin')).toEqual([
    expect.stringMatching(/^plans\.tracker\.schedule: 2026-10-25 02:30 comes twice.*Europe\/Berlin/),
    expect.stringMatching(/^plans\.tracker\.schedule: 2027-03-28 02:30 does not exist/),
  ]);
});

test('in New York 01:30 comes twice and 02:30 is skipped', async () => {
  expect(await warnings('30 1 * * *', 'America/New_York')).toEqual([expect.stringContaining('2026-11-01 01:30 comes twice')]);
  expect(await warnings('30 2 * * *', 'America/New_York')).toEqual([expect.stringContaining('2027-03-14 02:30 does not exist')]);
});

test.each([
  ['30 2 * * *', 'UTC'],
  ['30 2 * * *', 'Asia/Tokyo'],
  ['0 3 * * *', 'Europe/Berlin'],
  ['59 1 * * *', 'Europe/Berlin'],
  // Clocks change on a Sunday.
  ['30 2 * * mon', 'Europe/Berlin'],
])('%s in %s is never in doubt', async (cron, timezone) => {
  expect(await warnings(cron, timezone)).toEqual([]);
});

test('a change of half an hour is known to its minute', () => {
  const [change] = clockChanges('Australia/Lord_Howe', NOW.getTime());
  expect(change).toEqual({ kind: 'skipped', wallStart: Date.UTC(2026, 9, 4, 2), wallEnd: Date.UTC(2026, 9, 4, 2, 30) });
});

test('forgetting without ever pruning is warned of', async () => {
  const path = 'repositories.main';
  expect(configurationWarnings(await load(sampleWith({})), NOW)).toEqual([
    { path, message: expect.stringContaining('only grows') },
  ]);
  expect(configurationWarnings(await load(sampleWith({ 'plans.tracker.retention': undefined })), NOW)).toEqual([]);
});
