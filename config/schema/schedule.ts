import { z } from 'zod';
import { cronProblem } from '../cron.ts';
import { nearest } from '../nearest.ts';
import { isTimeZone, knownTimeZones } from '../time-zone.ts';
import { duration } from './leaf.ts';

const cronSchema = z
  .string()
  .check(({ value, issues }) => {
    const problem = cronProblem(value);
    if (problem !== undefined) issues.push({ code: 'custom', input: value, message: problem });
  })
  .meta({
    description:
      'Minute, hour, day of month, month, weekday, such as "0 3 * * *"; or @hourly, @daily, @weekly, @monthly, @yearly. Day of month and weekday must both fit.',
    examples: ['0 3 * * *', '@daily'],
  });

/** The IANA name of a time zone; UTC where it is left out. */
export function timeZoneSchema(description: string): z.ZodPrefault<z.ZodString> {
  return z
    .string()
    .check(({ value, issues }) => {
      if (!isTimeZone(value)) issues.push({ code: 'custom', input: value, message: timeZoneMessage(value) });
    })
    .meta({ description })
    .prefault('UTC');
}

function timeZoneMessage(name: string): string {
  const meant = nearest(name, knownTimeZones());
  return `there is no time zone "${name}"; ${meant === undefined ? 'write a name such as UTC or Europe/Berlin' : `did you mean ${meant}?`}`;
}

const schedule = z.strictObject({
  cron: cronSchema,
  timezone: timeZoneSchema('IANA name of the time zone that cron is read in, such as UTC or Europe/Berlin.'),
  jitter: duration('0s', 'Each start is put off by a random time below this.').prefault('0s'),
  catch_up_within: duration('10s', 'After an outage a missed run is made up for if it was due less long ago than this.').prefault(
    '12h',
  ),
  overlap: z
    .enum(['skip', 'buffer_one'])
    .meta({
      description:
        'What becomes of a start while the run before is still in progress: skip leaves it out, buffer_one makes it (one at most) as soon as that run has ended.',
    })
    .prefault('skip'),
});

/** When something runs. */
export function scheduleSchema(description: string): typeof schedule {
  return schedule.meta({ description });
}

export type ScheduleFile = z.output<typeof schedule>;
