import { Cron } from 'croner';

/** Shorthands that Temporal and cron agree on, and what they stand for. */
const NICKNAMES: Readonly<Record<string, string>> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
};

/**
 * What one comma-separated part of a field may look like. Temporal takes a `#` as the start of a comment, so that `5#2` would
 * mean each Friday, and refuses `L`, `W` and `?`; measured on server 1.32.
 */
const PART = /^(?:\*(?:\/\d+)?|(?:\d+|[a-z]{3})(?:-(?:\d+|[a-z]{3})(?:\/\d+)?)?)$/i;

const CHOICES = `minute hour day month weekday, such as "0 3 * * *", or ${Object.keys(NICKNAMES).join(' ')}`;

/** Says what is wrong with a cron expression; undefined when it is sound and fires some day. */
export function cronProblem(cron: string): string | undefined {
  if (cron.startsWith('@') && !Object.hasOwn(NICKNAMES, cron)) return `"${cron}" is no shorthand; write ${CHOICES}`;
  const fields = expand(cron).trim().split(/\s+/);
  if (fields.length !== 5) return `"${cron}" has ${fields.length} fields and not 5; write ${CHOICES}`;
  const strange = fields.find((field) => !field.split(',').every((part) => PART.test(part)));
  if (strange !== undefined) {
    return `"${cron}": "${strange}" cannot be read; numbers, three-letter names, lists a,b, ranges a-b and steps */n or a-b/n are understood`;
  }
  if (/-sun/i.test(fields[4] ?? '')) return `"${cron}": a range of weekdays that ends on Sunday is written with 7, such as 5-7`;
  return firingProblem(cron);
}

function firingProblem(cron: string): string | undefined {
  try {
    if (nextWallTime(cron, Date.now()) !== undefined) return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error);
    return `"${cron}" is no cron expression: ${reason}`;
  }
  return `"${cron}" never fires: no date fits day, month and weekday together`;
}

/**
 * The first wall-clock time at or after `from` that fits, both read as if they were UTC; undefined when there is none.
 *
 * Day of month and weekday must both fit, as Temporal has it; classic cron is content with one of them.
 *
 * @throws {Error} when `cron` is no cron expression.
 */
export function nextWallTime(cron: string, from: number): number | undefined {
  const pattern = new Cron(expand(cron), { mode: '5-part', domAndDow: true, timezone: 'UTC' });
  // croner looks for a time after the given one.
  return pattern.nextRun(new Date(from - 1000))?.getTime();
}

function expand(cron: string): string {
  return NICKNAMES[cron] ?? cron;
}
