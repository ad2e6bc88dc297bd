import type { PhaseContext } from './phase.ts';

/** Clocks that are further apart than this are not both right. Below it nothing that counts in days goes wrong. */
const TOLERANCE_MS = 12 * 60 * 60 * 1000;

/** A pause is unusual when it is so many times the longest one before. */
const UNUSUAL_FACTOR = 2;

/**
 * Says why this machine's clock is not to be trusted with the age of backups: it is far from Temporal's. undefined when it is not.
 *
 * Nothing may be deleted by such a clock: a jump forward makes every good backup look expired.
 */
export function doubtClock({ now }: Pick<PhaseContext, 'now'>): string | undefined {
  const aheadMs = Date.now() - now();
  if (Math.abs(aheadMs) < TOLERANCE_MS) return undefined;
  const hours = Math.round(Math.abs(aheadMs) / 3_600_000);
  return `the clock of this machine is ${hours} h ${aheadMs > 0 ? 'ahead of' : 'behind'} Temporal's`;
}

/**
 * Whether the newest of these times (milliseconds since 1970) lies so much further from the next one than all others from one
 * another that either a clock jumped forward or the plan stood still for long. Nothing is known of fewer than three.
 */
export function standsApart(timesMs: readonly number[]): boolean {
  const [newest, next, ...rest] = timesMs.toSorted((a, b) => b - a);
  if (newest === undefined || next === undefined || rest.length === 0) return false;
  const gaps = [next, ...rest].slice(0, -1).map((time, index) => time - (rest[index] ?? time));
  return newest - next > UNUSUAL_FACTOR * Math.max(...gaps);
}
