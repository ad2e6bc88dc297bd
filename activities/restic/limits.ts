import { rateAt } from '../../config/limits.ts';
import type { Rate, Repository, TransferLimit } from '../../config/types.ts';

type Limited = Pick<Repository, 'location' | 'options' | 'uploadLimit' | 'downloadLimit'>;

/** What a call of restic is given so that the limits of its repository hold. */
export interface LimitedCall {
  arguments: string[];
  environment: Record<string, string>;
  /** What the call may send until it ends; undefined where that follows the time of day by itself. */
  uploadRate: Rate | undefined;
}

/**
 * Arguments and environment for a call that starts at `at`, in milliseconds since 1970, with the repository's own options.
 *
 * restic keeps the rate that it was started with. Where rclone carries the data, that takes a timetable and keeps to it.
 */
export function limitCall(repository: Limited, at: number): LimitedCall {
  const { uploadLimit, downloadLimit, options } = repository;
  if (hasRcloneTimetable(repository)) {
    const zone = uploadLimit?.windows.length === 0 ? downloadLimit?.timezone : (uploadLimit ?? downloadLimit)?.timezone;
    return {
      arguments: toOptions(withTimeZone(options, zone ?? 'UTC')),
      environment: { RCLONE_BWLIMIT: rcloneTimetable(uploadLimit, downloadLimit) },
      uploadRate: undefined,
    };
  }
  const uploadRate = rateAt(uploadLimit, at);
  const rates: [string, Rate][] = [
    ['--limit-upload', uploadRate],
    ['--limit-download', rateAt(downloadLimit, at)],
  ];
  const flags = rates.flatMap(([flag, rate]) => (rate === 'unlimited' ? [] : [flag, String(toKiB(rate))]));
  return { arguments: [...flags, ...toOptions(options)], environment: {}, uploadRate };
}

function hasRcloneTimetable({ location, uploadLimit, downloadLimit }: Limited): boolean {
  return location.startsWith('rclone:') && [uploadLimit, downloadLimit].some((limit) => (limit?.windows.length ?? 0) > 0);
}

function toOptions(options: readonly string[]): string[] {
  return options.flatMap((pair) => ['-o', pair]);
}

/** restic takes whole KiB, and so do sizes of holdfast.yaml. */
function toKiB(bytes: number): number {
  return bytes / 1024;
}

const RCLONE_PROGRAM = 'rclone.program=';

/** rclone reads its timetable by the clock of its own environment; restic's is left alone, since snapshots are dated by it. */
function withTimeZone(options: readonly string[], zone: string): string[] {
  const own = options.find((option) => option.startsWith(RCLONE_PROGRAM))?.slice(RCLONE_PROGRAM.length) ?? 'rclone';
  const others = options.filter((option) => !option.startsWith(RCLONE_PROGRAM));
  return [...others, `${RCLONE_PROGRAM}env TZ=${zone} ${own}`];
}

/** rclone's `--bwlimit`: `08:00,1024K:off 22:00,off:off`, upload before download (rclone 1.60, docs "bwlimit"). */
function rcloneTimetable(upload: TransferLimit | undefined, download: TransferLimit | undefined): string {
  const limits = [upload, download].filter((limit) => limit !== undefined);
  const changes = limits.flatMap(({ windows }) => windows.flatMap(({ fromMinute, toMinute }) => [fromMinute, toMinute]));
  return [...new Set(changes)]
    .sort((a, b) => a - b)
    .map((minute) => `${clock(minute)},${rcloneRate(rateOfDay(upload, minute))}:${rcloneRate(rateOfDay(download, minute))}`)
    .join(' ');
}

/** The rate at a minute of the day of the limit's own zone. */
function rateOfDay(limit: TransferLimit | undefined, minute: number): Rate {
  return rateAt(limit && { ...limit, timezone: 'UTC' }, minute * 60_000);
}

function clock(minute: number): string {
  return [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, '0')).join(':');
}

function rcloneRate(rate: Rate): string {
  return rate === 'unlimited' ? 'off' : `${toKiB(rate)}K`;
}
