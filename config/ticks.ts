import { Cron } from 'croner';
import type { Schedule } from './types.ts';

/** What the times of a schedule follow from. */
export type Times = Pick<Schedule, 'cron' | 'timezone'>;

/** The next `count` times after `now` at which a schedule is due, in milliseconds since 1970; fewer when there are no more. */
export function nextTicks(times: Times, now: Date, count: number): number[] {
  return (patternOf(times)?.nextRuns(count, now) ?? []).map((tick) => tick.getTime());
}

/** The last time before `now` at which a schedule was due, in milliseconds since 1970; undefined when there is none. */
export function lastTick(times: Times, now: Date): number | undefined {
  return patternOf(times)?.previousRuns(1, now)[0]?.getTime();
}

/** Day of month and weekday must both fit, as Temporal has it. */
function patternOf({ cron, timezone }: Times): Cron | undefined {
  try {
    return new Cron(cron, { mode: '5-part', domAndDow: true, timezone });
  } catch {
    // The schema has accepted it, so Temporal will understand it: only what is said of its times is lost.
    return undefined;
  }
}
