import { expect, test } from '@jest/globals';
import { type Changes, load, problemsOf, sampleWith } from './sample.ts';

const SECRET_PLACES = '{ env: NAME }, { file: /path } or { command: [program, argument] }';

/** Title, changes to the sample, the one path that is refused, and a part of what is said. */
const REFUSALS: readonly (readonly [string, Changes, string, string])[] = [
  [
    'a relative location',
    { 'repositories.main.location': 'restic' },
    'repositories.main.location',
    'must be an absolute path, or begin',
  ],
  [
    'a relative local: location',
    { 'repositories.main.location': 'local:restic' },
    'repositories.main.location',
    'must be an absolute',
  ],
  [
    'an unknown backend',
    { 'repositories.main.location': 'ftp:host' },
    'repositories.main.location',
    'no backend "ftp"; there are local, sftp',
  ],
  [
    'a password inside a URL',
    { 'repositories.main.location': 'rest:https://me:hunter22@host/' },
    'repositories.main.location',
    'holds a password; give it to restic in environment',
  ],
  ['a password as text', { 'repositories.main.password': 'hunter22' }, 'repositories.main.password', SECRET_PLACES],
  ['a password as a number', { 'repositories.main.password': 22222222 }, 'repositories.main.password', SECRET_PLACES],
  [
    'a MySQL password as text',
    { 'plans.tracker.sources.mysql.shop.password': 'hunter22' },
    'plans.tracker.sources.mysql.shop.password',
    SECRET_PLACES,
  ],
  [
    'two places of a secret',
    { 'repositories.main.password': { env: 'A', file: '/b' } },
    'repositories.main.password',
    'exactly one of env, file and command',
  ],
  [
    'no place of a secret',
    { 'repositories.main.password': {} },
    'repositories.main.password',
    'exactly one of env, file and command',
  ],
  [
    'a mistyped place of a secret',
    { 'repositories.main.password': { fil: '/b' } },
    'repositories.main.password.fil',
    'did you mean file?',
  ],
  [
    'a relative secret file',
    { 'repositories.main.password': { file: 'b' } },
    'repositories.main.password.file',
    'must be an absolute path',
  ],
  [
    'a secret command without a program',
    { 'repositories.main.password': { command: [] } },
    'repositories.main.password.command',
    'must name a program',
  ],
  [
    'an impossible variable',
    { 'repositories.main.environment': { '1A': 'x' } },
    'repositories.main.environment.1A',
    'must be the name of an environment variable',
  ],
  [
    'RESTIC_PASSWORD',
    { 'repositories.main.environment': { RESTIC_PASSWORD: { env: 'A' } } },
    'repositories.main.environment.RESTIC_PASSWORD',
    'is set by Holdfast itself',
  ],
  [
    'RESTIC_REPOSITORY',
    { 'repositories.main.environment': { RESTIC_REPOSITORY: '/x' } },
    'repositories.main.environment.RESTIC_REPOSITORY',
    'is set by Holdfast itself',
  ],
  [
    'a number as a variable',
    { 'repositories.main.environment': { A: 1 } },
    'repositories.main.environment.A',
    'must be text in quotes, or a secret',
  ],
  [
    'a variable of a wrong reference',
    { 'repositories.main.environment': { A: { env: 1 } } },
    'repositories.main.environment.A.env',
    'must be text, not a number',
  ],
  [
    'a secret variable as text',
    { 'repositories.main.environment': { AWS_SECRET_ACCESS_KEY: 'hunter22' } },
    'repositories.main.environment.AWS_SECRET_ACCESS_KEY',
    SECRET_PLACES,
  ],
  [
    'an option without a value',
    { 'repositories.main.options': ['s3.region'] },
    'repositories.main.options[0]',
    'must look like backend.option=value',
  ],
  [
    'a share of the data that is none',
    { 'repositories.main.check': { schedule: { cron: '@weekly' }, read_data_subset: '2/8' } },
    'repositories.main.check.read_data_subset',
    'must be 1/N',
  ],
  [
    'a check without its schedule',
    { 'repositories.main.check': {} },
    'repositories.main.check.schedule',
    'is required: a mapping',
  ],
];

test.each(REFUSALS)('%s is refused by its path alone', async (_title, changes, path, message) => {
  const problems = await problemsOf(load(sampleWith(changes)));
  expect(problems).toEqual([{ path, message: expect.stringContaining(message), line: expect.any(Number) }]);
});

test('no message repeats what may be a secret', async () => {
  const changes = REFUSALS.filter(([, change]) => JSON.stringify(change).includes('hunter22')).map(([, change]) => change);
  expect(changes).toHaveLength(4);
  for (const change of changes) await expect(load(sampleWith(change))).rejects.not.toThrow(/hunter22/);
});
