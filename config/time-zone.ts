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

/** A stretch of wall-clock time that does not exist or comes twice; the times read as if they were UTC. */
export interface ClockChange {
  readonly kind: 'skipped' | 'repeated';
  /** First wall-clock time concerned. */
  readonly wallStart: number;
  /** First wall-clock time that is in order again. */
  readonly wallEnd: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** The clock changes of a zone in the 366 days after `now`, to the hour; empty where there is no daylight saving time. */
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
  for (let hour = day; hour < day + DAY_MS; hour += HOUR_MS) {
    const before = offsetAt(hour);
    const after = offsetAt(hour + HOUR_MS);
    if (before === after) continue;
    const at = hour + HOUR_MS;
    return {
      kind: after > before ? 'skipped' : 'repeated',
      wallStart: at + Math.min(before, after),
      wallEnd: at + Math.max(before, after),
    };
  }
  return undefined;
}
