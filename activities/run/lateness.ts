import { lastTick, nextTicks } from '../../config/ticks.ts';
import type { Schedule } from '../../config/types.ts';
import type { Arrival } from '../../contract/backup.ts';
import { PhaseError } from '../phase-error.ts';

/** While a worker is replaced, runs wait for some seconds: that is no outage. */
const OUTAGE_MS = 10_000;

/**
 * Refuses a scheduled run that waited for a worker until it was no use any more.
 *
 * Temporal starts a run although no worker is there, and skips the ones that are due after it: so one run waits for all of an outage.
 * It stands for the newest of them. What was asked for by hand is never too late; nor is a run that was late only because Temporal
 * held it back, after a run before it or an outage of its own, which its catch-up window has judged already.
 *
 * @throws {PhaseError} RunMissed, saying when it was due and when the next one is
 */
export function requireInTime(
  schedule: Schedule | undefined,
  arrival: Arrival | undefined,
  { host, byHand }: { host: string; byHand: string },
): void {
  if (schedule === undefined || arrival?.scheduledAt === undefined) return;
  const arrivedAt = Date.parse(arrival.arrivedAt);
  if (arrivedAt - Date.parse(arrival.requestedAt) < OUTAGE_MS) return;
  const newest = newestDue(schedule, arrival);
  if (arrivedAt - newest <= schedule.catchUpWithinMs) return;
  const [next] = nextTicks(schedule, new Date(arrivedAt), 1);
  throw new PhaseError(
    'RunMissed',
    `this run was due at ${inWords(Date.parse(arrival.scheduledAt))}, but no worker ran on ${host} until ${inWords(arrivedAt)}. ` +
      `It was last due at ${inWords(newest)}, longer ago than catch_up_within (${durationInWords(schedule.catchUpWithinMs)}) allows, so nothing was begun. ` +
      `${next === undefined ? '' : `Next it is due at ${inWords(next)}. `}Start one now: ${byHand}`,
  );
}

/** The newest time that the run stands for, in milliseconds since 1970. One that was held back on purpose counts from its start. */
function newestDue(schedule: Schedule, { scheduledAt = '', requestedAt, arrivedAt }: Arrival): number {
  const due = Date.parse(schedule.overlap === 'buffer_one' ? requestedAt : scheduledAt);
  return Math.max(due, lastTick(schedule, new Date(arrivedAt)) ?? due);
}

function inWords(time: number): string {
  return new Date(time)
    .toISOString()
    .replace('T', ' ')
    .replace(/:\d\d\.\d+Z$/, ' UTC');
}

/** As it is written in `holdfast.yaml`. */
function durationInWords(durationMs: number): string {
  const units = [
    ['h', 3_600_000],
    ['m', 60_000],
  ] as const;
  const [unit, unitMs] = units.find(([, size]) => durationMs % size === 0) ?? ['s', 1_000];
  return `${durationMs / unitMs}${unit}`;
}
