import { expect, test } from '@jest/globals';
import { type Changes, load, problemsOf, sampleWith } from './sample.ts';

const UPLOAD = 'repositories.main.upload_limit';
const DAY = { from: '08:00', to: '22:00', limit: '1MiB' };

/** A timetable at `upload_limit`. */
function timetable(changes: object): Changes {
  return { [UPLOAD]: { default: 'unlimited', windows: [DAY], ...changes } };
}

const RCLONE = { 'repositories.main.location': 'rclone:remote:backups' };
const TWICE = 'limits what upload_limit and download_limit limit already';

/** Title, changes to the sample, the one path that is refused, and a part of what is said. */
const REFUSALS: readonly (readonly [string, Changes, string, string])[] = [
  ['a limit without a unit', { [UPLOAD]: 2048 }, UPLOAD, 'must be a size that is meant per second, such as 512KiB'],
  ['a limit of nothing', { [UPLOAD]: '0KiB' }, UPLOAD, 'must be a size that is meant per second'],
  ['a limit in bits', { [UPLOAD]: '2Mbit' }, UPLOAD, 'or the word unlimited'],
  ['a timetable without its default', timetable({ default: undefined }), `${UPLOAD}.default`, 'is required'],
  ['a timetable without windows', timetable({ windows: [] }), `${UPLOAD}.windows`, 'is empty; write a window'],
  ['an unknown time zone', timetable({ timezone: 'Europe/Berln' }), `${UPLOAD}.timezone`, 'did you mean Europe/Berlin?'],
  ['a mistyped key', timetable({ window: [] }), `${UPLOAD}.window`, 'did you mean windows?'],
  [
    'an hour that no day has',
    timetable({ windows: [{ ...DAY, to: '24:00' }] }),
    `${UPLOAD}.windows[0].to`,
    'from "00:00" to "23:59"',
  ],
  [
    'a time without its zero',
    timetable({ windows: [{ ...DAY, from: '8:00' }] }),
    `${UPLOAD}.windows[0].from`,
    'must be a time of day',
  ],
  ['a window of no time', timetable({ windows: [{ ...DAY, to: '08:00' }] }), `${UPLOAD}.windows[0].to`, 'is the same as from'],
  [
    'windows that meet across midnight',
    timetable({ windows: [DAY, { from: '23:00', to: '08:01', limit: '2MiB' }] }),
    `${UPLOAD}.windows[1]`,
    'overlaps with a window before it',
  ],
  [
    'two time zones for one rclone',
    {
      ...RCLONE,
      ...timetable({}),
      'repositories.main.download_limit': { default: '1MiB', timezone: 'Asia/Tokyo', windows: [DAY] },
    },
    'repositories.main.download_limit.timezone',
    'must be that of upload_limit',
  ],
  [
    'a second timetable for rclone',
    { ...RCLONE, ...timetable({}), 'repositories.main.environment': { RCLONE_BWLIMIT: '1M' } },
    'repositories.main.environment.RCLONE_BWLIMIT',
    TWICE,
  ],
  [
    'a second limit among the arguments of rclone',
    { ...RCLONE, ...timetable({}), 'repositories.main.options': ['rclone.args=serve restic --stdio --bwlimit 1M'] },
    'repositories.main.options[0]',
    TWICE,
  ],
  ['a niceness that is none', { priority: { nice: 20 } }, 'priority.nice', 'must be at most 19'],
  ['a niceness that needs rights', { priority: { nice: -1 } }, 'priority.nice', 'must be at least 0'],
  ['an unknown class of I/O', { priority: { io: 'realtime' } }, 'priority.io', 'must be one of idle'],
  ['a level of I/O that is none', { priority: { io: { best_effort: 8 } } }, 'priority.io.best_effort', 'must be at most 7'],
];

test.each(REFUSALS)('%s is refused by its path alone', async (_title, changes, path, message) => {
  const problems = await problemsOf(load(sampleWith(changes)));
  expect(problems).toEqual([{ path, message: expect.stringContaining(message), line: expect.any(Number) }]);
});

test('limits and priority are resolved to bytes a second, minutes of the day and what nice and ionice take', async () => {
  const windows = [DAY, { from: '22:00', to: '08:00', limit: 'unlimited' }];
  const changes = { 'repositories.main.download_limit': '512KiB', priority: { io: { best_effort: 7 } } };
  const { repositories, priority } = await load(sampleWith({ ...timetable({ windows, timezone: 'Europe/Berlin' }), ...changes }));
  expect(repositories.get('main')).toMatchObject({
    uploadLimit: {
      default: 'unlimited',
      timezone: 'Europe/Berlin',
      windows: [
        { fromMinute: 480, toMinute: 1320, rate: 1024 ** 2 },
        { fromMinute: 1320, toMinute: 480, rate: 'unlimited' },
      ],
    },
    downloadLimit: { default: 512 * 1024, timezone: 'UTC', windows: [] },
  });
  expect(priority).toEqual({ nice: 0, io: { bestEffort: 7 } });
});
