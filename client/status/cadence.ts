import { nextTicks, type Times } from '../../config/ticks.ts';

/** A plan is overdue when its last success is this many intervals old: one run may be late, but not missing. */
const OVERDUE_AFTER_INTERVALS = 1.5;
/** Enough to see the longest gap of a week of workdays, or of a year of months. */
const TICKS = 14;

/**
 * The longest time in milliseconds between two starts of a schedule in the near future; undefined when it starts less than
 * twice. The longest, because a schedule of workdays is not late on a Sunday.
 */
export function scheduleIntervalMs(times: Times, now: Date): number | undefined {
  const ticks = nextTicks(times, now, TICKS);
  const gaps = ticks.slice(1).map((tick, index) => tick - (ticks[index] ?? tick));
  return gaps.length === 0 ? undefined : Math.max(...gaps);
}

export interface OverdueQuestion {
  intervalMs: number | undefined;
  /** The plan's own limit, which goes before 1.5 intervals. */
  maxAgeMs?: number | undefined;
  /** Start of the last good run, as ISO 8601; undefined when Temporal knows of none. */
  lastGoodAt: string | undefined;
  /** When the schedule was made: before its first run nothing can be overdue. */
  scheduledSince: Date;
  /** Runs that are older are forgotten, so that a missing success says nothing of the time before. @default for ever */
  retentionMs?: number | undefined;
  now: Date;
}

/** Says whether a plan has gone too long without a success. */
export function isOverdue({ intervalMs, maxAgeMs, lastGoodAt, scheduledSince, retentionMs, now }: OverdueQuestion): boolean {
  const limitMs = maxAgeMs ?? (intervalMs === undefined ? undefined : OVERDUE_AFTER_INTERVALS * intervalMs);
  if (limitMs === undefined) return false;
  const knownSince = Math.max(scheduledSince.getTime(), now.getTime() - (retentionMs ?? Number.POSITIVE_INFINITY));
  const since = lastGoodAt === undefined ? knownSince : Date.parse(lastGoodAt);
  return now.getTime() - since > limitMs;
}
