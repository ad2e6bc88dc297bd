import { z } from 'zod';
import { parseSize, parseTimeOfDay, TIME_OF_DAY_PATTERN } from '../units.ts';
import { wordUnlessAbsent } from './leaf.ts';
import { timeZoneSchema } from './schedule.ts';

const RATE_RULE = 'must be a size that is meant per second, such as 512KiB or 2MiB, or the word unlimited';

/** As sizes are, but not 0. */
const RATE_PATTERN = /^(unlimited|[1-9]\d{0,5}(KiB|MiB|GiB|TiB))$/;

/** Bytes a second, afterwards. */
const rateSchema = z
  .string({ error: wordUnlessAbsent(RATE_RULE) })
  .regex(RATE_PATTERN, { error: RATE_RULE })
  .meta({ description: 'A size per second, such as 512KiB or 2MiB; or unlimited.', examples: ['2MiB', 'unlimited'] })
  .transform((value) => parseSize(value) ?? ('unlimited' as const));

const TIME_RULE = 'must be a time of day from "00:00" to "23:59"';

/** Minutes since midnight, afterwards. */
function timeOfDay(description: string) {
  return z
    .string({ error: wordUnlessAbsent(TIME_RULE) })
    .regex(TIME_OF_DAY_PATTERN, { error: TIME_RULE })
    .meta({ description, examples: ['08:00'] })
    .transform((value) => parseTimeOfDay(value) ?? 0);
}

const windowSchema = z
  .strictObject({
    from: timeOfDay('Time of day at which it begins.'),
    to: timeOfDay('Time of day at which it ends; earlier than from, it is the next day’s.'),
    limit: rateSchema,
  })
  .refine(({ from, to }) => from !== to, {
    path: ['to'],
    error: 'is the same as from; for a whole day write the limit as default',
  });

type Window = z.output<typeof windowSchema>;

const timetableSchema = z
  .strictObject({
    default: rateSchema,
    timezone: timeZoneSchema('IANA name of the time zone that from and to are read in, such as UTC or Europe/Berlin.'),
    windows: z
      .array(windowSchema)
      .min(1, { error: 'is empty; write a window, or the limit alone' })
      .meta({ description: 'Parts of each day in which another limit holds.' }),
  })
  .check(({ value, issues }) => {
    const second = value.windows.findIndex((window, index) => value.windows.slice(0, index).some((other) => meet(other, window)));
    if (second < 0) return;
    issues.push({ code: 'custom', input: undefined, path: ['windows', second], message: 'overlaps with a window before it' });
  });

function meet(one: Window, other: Window): boolean {
  return holds(one, other.from) || holds(other, one.from);
}

/** Whether a window holds at a minute of the day. */
export function holds({ from, to }: Pick<Window, 'from' | 'to'>, minute: number): boolean {
  return from < to ? from <= minute && minute < to : from <= minute || minute < to;
}

const LIMIT_RULE = `${RATE_RULE}; or { default, timezone, windows }`;

const limit = z.union([rateSchema, timetableSchema], { error: wordUnlessAbsent(LIMIT_RULE) });

/** A limit of transfer: one for all day, or by time of day. */
export function limitSchema(description: string): z.ZodOptional<typeof limit> {
  return limit.meta({ description }).optional();
}

export type LimitFile = z.output<typeof limit>;
