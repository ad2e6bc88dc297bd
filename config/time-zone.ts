/** True for an IANA time zone that this Node knows, such as `UTC` or `Europe/Berlin`; offsets such as `+01:00` are none. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** The names that an operator may have meant come from this list. */
export function knownTimeZones(): string[] {
  return ['UTC', ...Intl.supportedValuesOf('timeZone')];
}

/** Milliseconds that the wall clock of a zone is ahead of UTC at an instant. */
function offsetReader(timezone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  return (at) => {
    const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = part;
    return Date.UTC(year, month - 1, day, hour, minute) - Math.floor(at / MINUTE_MS) * MINUTE_MS;
  };
}

/** Minutes since midnight that the wall clock of a zone shows at an instant. */
export function wallMinutes(timezone: string, at: number): number {
  return Math.floor((at + offsetReader(timezone)(at)) / MINUTE_MS) % (DAY_MS / MINUTE_MS);
}

/** A stretch of wall-clock time that does not exist or comes twice; the times read as if they were UTC. */
export interface ClockChange {
  readonly kind: 'skipped' | 'repeated';
  /** First wall-clock time concerned. */
  readonly wallStart: number;
  /** First wall-clock time that is in order again. */
  readonly wallEnd: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** The clock changes of a zone in the 366 days after `now`; empty where there is no daylight saving time. */
export function clockChanges(timezone: string, now: number): ClockChange[] {
  const offsetAt = offsetReader(timezone);
  const changes: ClockChange[] = [];
  const firstDay = Math.floor(now / DAY_MS) * DAY_MS;
  for (let day = firstDay; day < firstDay + 366 * DAY_MS; day += DAY_MS) {
    if (offsetAt(day) === offsetAt(day + DAY_MS)) continue;
    const change = changeOfDay(day, offsetAt);
    if (change !== undefined) changes.push(change);
  }
  return changes;
}

function changeOfDay(day: number, offsetAt: (at: number) => number): ClockChange | undefined {
  // Lord Howe Island changes its clocks at half past an hour of UTC.
  const step = 30 * MINUTE_MS;
  for (let at = day + step; at <= day + DAY_MS; at += step) {
    const before = offsetAt(at - step);
    const after = offsetAt(at);
    if (before === after) continue;
    return {
      kind: after > before ? 'skipped' : 'repeated',
      wallStart: at + Math.min(before, after),
      wallEnd: at + Math.max(before, after),
    };
  }
  return undefined;
}
