/** Quantities as people read them. Fixed to one style everywhere: binary units, a space before the unit, no locale. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A length of time: `0.4 s`, `12 s`, `3 min 07 s`, `2 h 05 min`, `4 d 6 h`. */
export function formatDuration(durationMs: number): string {
  // Rounded first, so that 59.96 s never becomes `60 s`.
  const seconds = Math.round(durationMs / SECOND);
  if (durationMs < 9_950) return `${(durationMs / SECOND).toFixed(1)} s`;
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${pad(seconds % 60)} s`;
  const minutes = Math.round(durationMs / MINUTE);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
  const hours = Math.round(durationMs / HOUR);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A length of time by its largest unit alone, for tables: `12 s`, `3 min`, `2 h`, `4 d`. */
export function formatAge(ageMs: number): string {
  if (ageMs < MINUTE) return `${Math.max(0, Math.floor(ageMs / SECOND))} s`;
  if (ageMs < HOUR) return `${Math.floor(ageMs / MINUTE)} min`;
  if (ageMs < 2 * DAY) return `${Math.floor(ageMs / HOUR)} h`;
  return `${Math.floor(ageMs / DAY)} d`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** An amount of data: `0 B`, `812 B`, `4.5 MiB`, `17.2 GiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 1023.96 KiB would be shown as 1024.0 KiB.
  while (value >= (unit === 0 ? 1024 : 1023.95) && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

/** A moment to the minute in UTC: `2026-11-23 03:00 UTC`. Hosts and operators sit in different time zones. */
export function formatTime(time: string | Date): string {
  const iso = new Date(time).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/** `1 warning`, `3 warnings`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
