import { expect, test } from '@jest/globals';
import { type Changes, load, problemsOf, sampleWith } from './sample.ts';

/** Title, changes to the sample, the one path that is refused, and a part of what is said. */
const REFUSALS: readonly (readonly [string, Changes, string, string])[] = [
  ['another version', { version: 2 }, 'version', 'must be 1'],
  ['an empty setting', { plans: null }, 'plans', 'is empty; write a mapping or remove the line'],
  ['a list in place of a mapping', { repositories: [] }, 'repositories', 'must be a mapping, not a list'],
  ['an unknown key, with the nearest one', { plan: {} }, 'plan', 'did you mean plans? Known: version, host, staging_directory'],
  [
    'an unknown key deep inside',
    { 'plans.tracker.schedule.time_zone': 'UTC' },
    'plans.tracker.schedule.time_zone',
    'did you mean timezone? Known: cron, timezone, jitter, catch_up_within',
  ],
  ['a host with a space', { host: 'tracker 1' }, 'host', 'a host is made of'],
  ['a relative directory', { staging_directory: 'staging' }, 'staging_directory', 'must be an absolute path'],
  ['the root as a directory', { state_directory: '/' }, 'state_directory', 'must not be the root directory'],
  ['a directory with ..', { restore_directory: '/srv/../restore' }, 'restore_directory', 'must not hold ".."'],
  ['a plan with capitals', { 'plans.Tracker': {} }, 'plans.Tracker', 'a name is made of'],
  ['a repository with a slash', { 'repositories.a/b': {} }, 'repositories.a/b', 'a name is made of'],
  [
    'a source with a dot',
    { 'plans.tracker.sources.sqlite': { 'a.b': {} }, 'plans.tracker.verification': undefined },
    'plans.tracker.sources.sqlite.a.b',
    'a name is made of',
  ],
  ['a name of 64 letters', { [`plans.${'x'.repeat(64)}`]: {} }, `plans.${'x'.repeat(64)}`, 'at most 63 characters'],
  [
    'a cron that never fires',
    { 'plans.tracker.schedule.cron': '0 0 31 2 *' },
    'plans.tracker.schedule.cron',
    '"0 0 31 2 *" never fires',
  ],
  [
    'a cron of six fields',
    { 'plans.tracker.schedule.cron': '0 0 3 * * *' },
    'plans.tracker.schedule.cron',
    'has 6 fields and not 5',
  ],
  [
    'a time zone that does not exist',
    { 'plans.tracker.schedule.timezone': 'Europe/Berlim' },
    'plans.tracker.schedule.timezone',
    'did you mean Europe/Berlin?',
  ],
  [
    'a jitter without a unit',
    { 'plans.tracker.schedule.jitter': 5 },
    'plans.tracker.schedule.jitter',
    'must be a duration such as 30s, 5m, 12h or 7d',
  ],
  [
    'a catch-up window below 10 s',
    { 'plans.tracker.schedule.catch_up_within': '9s' },
    'plans.tracker.schedule.catch_up_within',
    'must be at least 10s',
  ],
  ['a no-progress timeout of nothing', { no_progress_timeout: '1s' }, 'no_progress_timeout', 'must be at least 10s'],
  ['a deadline of nothing', { 'plans.tracker.deadline': '0s' }, 'plans.tracker.deadline', 'must be at least 10s'],
  [
    'hooks that do nothing',
    { 'plans.tracker.hooks': { timeout: '1m' } },
    'plans.tracker.hooks',
    'does nothing; write before_dump',
  ],
  [
    'a hook that is a line for a shell',
    { 'plans.tracker.hooks': { before_dump: 'docker stop tracker' } },
    'plans.tracker.hooks.before_dump',
    'must be a list, not text',
  ],
  [
    'a hook with a number',
    { 'plans.tracker.hooks': { before_dump: [['docker', 'stop', '--time', 5, 'tracker']] } },
    'plans.tracker.hooks.before_dump[0][3]',
    'put quotes around a number',
  ],
  [
    'a hook that mixes commands and words',
    { 'plans.tracker.hooks': { after_dump: ['docker', ['start', 'tracker']] } },
    'plans.tracker.hooks.after_dump',
    'mixes texts and lists',
  ],
  [
    'a state where nothing is undone',
    { 'plans.tracker.hooks': { before_dump: ['a'], state: ['b'] } },
    'plans.tracker.hooks.state',
    'needs both before_dump and after_dump',
  ],
  [
    'a longest time where nothing is stopped',
    { 'plans.tracker.hooks': { after_dump: ['a'], max_stopped: '1m' } },
    'plans.tracker.hooks.max_stopped',
    'needs both before_dump and after_dump',
  ],
  ['a notification to nobody', { notifications: [{}] }, 'notifications[0]', 'must have exactly one of url and command'],
  [
    'an address of a receiver, which is a secret',
    { notifications: [{ url: 'https://ntfy.example.org/token' }] },
    'notifications[0].url',
    'a secret is never written here',
  ],
  [
    'an outcome that there is not',
    { notifications: [{ on: ['broken'], command: ['tell'] }] },
    'notifications[0].on[0]',
    'failed',
  ],
  ['a tag with a comma', { 'plans.tracker.tags': ['a,b'] }, 'plans.tracker.tags[0]', 'neither commas nor spaces'],
  ['a tag plan:', { 'plans.tracker.tags': ['ok', 'plan:x'] }, 'plans.tracker.tags[1]', 'set by Holdfast itself'],
  ['a tag run:', { 'plans.tracker.tags': ['run:x'] }, 'plans.tracker.tags[0]', 'set by Holdfast itself'],
  [
    'a relative base',
    { 'plans.tracker.sources.files.etc.base': 'data' },
    'plans.tracker.sources.files.etc.base',
    'must be an absolute path',
  ],
  [
    'an absolute path below base',
    { 'plans.tracker.sources.files.etc.paths': ['/etc'] },
    'plans.tracker.sources.files.etc.paths[0]',
    'must be relative',
  ],
  [
    'a path that leaves base',
    { 'plans.tracker.sources.files.etc.optional_paths': ['a/../../b'] },
    'plans.tracker.sources.files.etc.optional_paths[0]',
    'must not hold ".."',
  ],
  ['an empty path', { 'plans.tracker.sources.files.etc.paths': [''] }, 'plans.tracker.sources.files.etc.paths[0]', 'is empty'],
  [
    'a relative database',
    { 'plans.tracker.sources.sqlite.main.path': 'main.db' },
    'plans.tracker.sources.sqlite.main.path',
    'must be an absolute path',
  ],
  [
    'an unknown method',
    { 'plans.tracker.sources.sqlite.main.method': 'cp' },
    'plans.tracker.sources.sqlite.main.method',
    'must be one of auto, incremental, vacuum_into, sql',
  ],
  [
    'yes in place of true',
    { 'plans.tracker.sources.sqlite.main.allow_writer_stall': 'yes' },
    'plans.tracker.sources.sqlite.main.allow_writer_stall',
    'must be true or false, not text',
  ],
  [
    'a shrinking of more than all',
    { 'plans.tracker.sources.sqlite.main.max_shrink': '101%' },
    'plans.tracker.sources.sqlite.main.max_shrink',
    'from 0% to 100%',
  ],
  [
    'a ratio above 1',
    { 'plans.tracker.sources.sqlite.main.max_shrink': 50 },
    'plans.tracker.sources.sqlite.main.max_shrink',
    'a number from 0 to 1',
  ],
  [
    'an empty host of MySQL',
    { 'plans.tracker.sources.mysql.shop.host': '' },
    'plans.tracker.sources.mysql.shop.host',
    'is empty',
  ],
  [
    'a port above 65535',
    { 'plans.tracker.sources.mysql.shop.port': 65536 },
    'plans.tracker.sources.mysql.shop.port',
    'must be at most 65535',
  ],
  [
    'an unknown kind of TLS',
    { 'plans.tracker.sources.mysql.shop.tls': 'on' },
    'plans.tracker.sources.mysql.shop.tls',
    'must be one of disabled, preferred, required, verify',
  ],
  [
    'an unknown format of archives',
    { 'plans.tracker.archive.format': 'zip' },
    'plans.tracker.archive.format',
    'must be one of tar.zst, tar.gz',
  ],
  [
    'to keep no archive',
    { 'plans.tracker.archive.keep_at_least': 0 },
    'plans.tracker.archive.keep_at_least',
    'must be at least 1',
  ],
  ['half a day', { 'plans.tracker.archive.keep_days': 0.5 }, 'plans.tracker.archive.keep_days', 'must be a whole number'],
  ['a negative rule', { 'plans.tracker.retention.keep_daily': -1 }, 'plans.tracker.retention.keep_daily', 'must be at least 0'],
  [
    'weeks, which restic does not know',
    { 'plans.tracker.retention.keep_within': '2w' },
    'plans.tracker.retention.keep_within',
    'years, months, days, hours',
  ],
];

test.each(REFUSALS)('%s is refused by its path alone', async (_title, changes, path, message) => {
  const problems = await problemsOf(load(sampleWith(changes)));
  expect(problems).toEqual([{ path, message: expect.stringContaining(message), line: expect.any(Number) }]);
});

test.each([
  ['version', 'must be 1'],
  ['host', 'is required: text'],
  ['plans', 'is required: a mapping'],
])('%s must be there, and no line is named for it', async (path, message) => {
  const problems = await problemsOf(load(sampleWith({ [path]: undefined })));
  expect(problems).toEqual([{ path, message: expect.stringContaining(message) }]);
});

test('all problems come at once, in the order of the lines, as a text that can be printed', async () => {
  const text =
    'version: 1\nhost: "-"\nstaging_directory: s\nstate_directory: /s\nrestore_directory: /s\nrepositories: {}\nplans:\n  a: {}\n';
  const loading = load(text);
  await expect(loading).rejects.toThrow(
    new RegExp(
      [
        '^/.*/holdfast.yaml: 5 problems',
        '  host: a host is made of .* \\(line 2\\)',
        '  staging_directory: must be an absolute path, beginning with "/" \\(line 3\\)',
        '  restore_directory: "/s" is also state_directory; give it a directory of its own \\(line 5\\)',
        '  plans.a.repository: is required: text \\(line 8\\)',
        '  plans.a.sources: is required: a mapping \\(line 8\\)$',
      ].join('\n'),
    ),
  );
});
