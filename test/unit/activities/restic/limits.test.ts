import { expect, test } from '@jest/globals';
import { indexWithinMs, restartPays, type UploadProgress } from '../../../../activities/restic/limit-watch.ts';
import { limitCall } from '../../../../activities/restic/limits.ts';
import { rateAt } from '../../../../config/limits.ts';
import type { TransferLimit } from '../../../../config/types.ts';

const MIB = 1024 ** 2;

function allDay(rate: number | 'unlimited'): TransferLimit {
  return { default: rate, timezone: 'UTC', windows: [] };
}

/** 1 MiB/s from 08:00 to 22:00 of Berlin. */
const BY_DAY: TransferLimit = {
  default: 'unlimited',
  timezone: 'Europe/Berlin',
  windows: [{ fromMinute: 480, toMinute: 1320, rate: MIB }],
};

/** A window across midnight. */
const BY_NIGHT: TransferLimit = {
  default: 2 * MIB,
  timezone: 'UTC',
  windows: [{ fromMinute: 1320, toMinute: 360, rate: 'unlimited' }],
};

const at = (time: string) => Date.parse(time);

test.each([
  ['2026-01-15T06:59:59Z', 'unlimited'],
  ['2026-01-15T07:00:00Z', MIB],
  ['2026-01-15T20:59:59Z', MIB],
  ['2026-01-15T21:00:00Z', 'unlimited'],
  // In summer Berlin is two hours ahead.
  ['2026-07-15T05:59:59Z', 'unlimited'],
  ['2026-07-15T06:00:00Z', MIB],
])('at %s the limit is %s', (time, rate) => expect(rateAt(BY_DAY, at(time))).toBe(rate));

test.each([
  ['2026-01-15T21:59:00Z', 2 * MIB],
  ['2026-01-15T22:00:00Z', 'unlimited'],
  ['2026-01-16T05:59:00Z', 'unlimited'],
  ['2026-01-16T06:00:00Z', 2 * MIB],
])('across midnight, at %s, the limit is %s', (time, rate) => expect(rateAt(BY_NIGHT, at(time))).toBe(rate));

test('what has no limit has none at any time', () => expect(rateAt(undefined, 0)).toBe('unlimited'));

const repository = {
  location: 's3:https://host/bucket',
  options: ['s3.storage-class=X'],
  uploadLimit: undefined,
  downloadLimit: undefined,
};

test('limits reach restic in KiB a second, as they are when it starts', () => {
  const noon = at('2026-01-15T12:00:00Z');
  const limited = { ...repository, uploadLimit: BY_DAY, downloadLimit: allDay(512 * 1024) };
  expect(limitCall(limited, noon)).toEqual({
    arguments: ['--limit-upload', '1024', '--limit-download', '512', '-o', 's3.storage-class=X'],
    environment: {},
    uploadRate: MIB,
  });
  expect(limitCall(limited, at('2026-01-15T23:00:00Z')).arguments).toEqual([
    '--limit-download',
    '512',
    '-o',
    's3.storage-class=X',
  ]);
  expect(limitCall(repository, noon)).toEqual({
    arguments: ['-o', 's3.storage-class=X'],
    environment: {},
    uploadRate: 'unlimited',
  });
});

test('rclone is given the timetable of both directions, in its time zone, and restic no limit', () => {
  const limited = { location: 'rclone:remote:backups', options: [], uploadLimit: BY_DAY, downloadLimit: undefined };
  expect(limitCall(limited, 0)).toEqual({
    arguments: ['-o', 'rclone.program=env TZ=Europe/Berlin rclone'],
    environment: { RCLONE_BWLIMIT: '08:00,1024K:off 22:00,off:off' },
    uploadRate: undefined,
  });
  const both = { ...limited, options: ['rclone.program=/opt/rclone', 'rclone.timeout=2m'] };
  const call = limitCall({ ...both, uploadLimit: allDay(MIB), downloadLimit: BY_NIGHT }, 0);
  expect(call.arguments).toEqual(['-o', 'rclone.timeout=2m', '-o', 'rclone.program=env TZ=UTC /opt/rclone']);
  expect(call.environment).toEqual({ RCLONE_BWLIMIT: '06:00,1024K:2048K 22:00,1024K:off' });
});

test('with rclone a limit for all day is left to restic', () => {
  const limited = { location: 'rclone:remote:backups', options: [], uploadLimit: allDay(MIB), downloadLimit: undefined };
  expect(limitCall(limited, 0)).toEqual({ arguments: ['--limit-upload', '1024'], environment: {}, uploadRate: MIB });
});

test('an index is waited for as long as restic needs for it at the rate', () => {
  expect([indexWithinMs('unlimited'), indexWithinMs(MIB), indexWithinMs(64 * 1024)].map((ms) => ms / 1000)).toEqual([
    900, 1060, 3460,
  ]);
});

test.each<[boolean, string, number | 'unlimited', UploadProgress]>([
  [true, 'hours are left', MIB, { bytesDone: 1_000 * MIB, bytesTotal: 10_000 * MIB }],
  [false, 'half a minute is left', MIB, { bytesDone: 9_970 * MIB, bytesTotal: 10_000 * MIB }],
  [false, 'reading it anew takes as long as the rest', 50 * MIB, { bytesDone: 600_000 * MIB, bytesTotal: 1_000_000 * MIB }],
  [false, 'it was not limited', 'unlimited', { bytesDone: 0, bytesTotal: 10_000 * MIB }],
])('a laxer limit is worth a restart: %s, when %s', (pays, _, rate, progress) => expect(restartPays(rate, progress)).toBe(pays));
