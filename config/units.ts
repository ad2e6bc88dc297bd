/** The one place where durations, sizes and ratios of `holdfast.yaml` are read. */

const MS_PER_UNIT = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const BYTES_PER_UNIT = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 } as const;

/** `30s`, `5m`, `12h`, `7d`. */
export const DURATION_PATTERN = /^(\d{1,6})([smhd])$/;
/** `500MiB`. Powers of 1024 only: `MB` means different things to different tools. */
const SIZE_PATTERN = /^(\d{1,6})(KiB|MiB|GiB|TiB)$/;
/** `08:00`. */
export const TIME_OF_DAY_PATTERN = /^([01]\d|2[0-3]):([0-5]\d)$/;
const PERCENTAGE_PATTERN = /^(\d{1,3}(?:\.\d+)?)%$/;
/** restic's own (`restic forget --keep-within`): `1y6m`, `14d`, `36h`. A month is `m` here. */
export const RESTIC_DURATION_PATTERN = /^(?:\d{1,6}[ymdh])+$/;

/** Milliseconds of `30s`, `5m`, `12h` or `7d`; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit] = DURATION_PATTERN.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * MS_PER_UNIT[unit as keyof typeof MS_PER_UNIT];
}

/** Bytes of `64KiB`, `500MiB`, `2GiB` or `1TiB`; undefined for anything else. */
export function parseSize(text: string): number | undefined {
  const [, count, unit] = SIZE_PATTERN.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * BYTES_PER_UNIT[unit as keyof typeof BYTES_PER_UNIT];
}

/** Minutes since midnight of `08:00`; undefined for anything else. */
export function parseTimeOfDay(text: string): number | undefined {
  const [, hours, minutes] = TIME_OF_DAY_PATTERN.exec(text) ?? [];
  return hours === undefined ? undefined : Number(hours) * 60 + Number(minutes);
}

/** A number from 0 to 1 of `50%` or `0.5`; undefined for anything else. */
export function parseRatio(value: string | number): number | undefined {
  const ratio = typeof value === 'number' ? value : Number(PERCENTAGE_PATTERN.exec(value)?.[1] ?? Number.NaN) / 100;
  return ratio >= 0 && ratio <= 1 ? ratio : undefined;
}
