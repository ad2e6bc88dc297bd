import { expect, test } from '@jest/globals';
import { type Changes, load, problemsOf, sampleWith } from './sample.ts';

const PLAN = 'plans.tracker';
const ETC = `${PLAN}.sources.files.etc`;
const SHOP = `${PLAN}.sources.mysql.shop`;
const QUERY = `${PLAN}.verification.queries[0]`;

function query(value: unknown): Changes {
  return { [`${PLAN}.verification.queries`]: [value] };
}

/** Title, changes to the sample, the one path that is refused, and a part of what is said. */
const REFUSALS: readonly (readonly [string, Changes, string, string])[] = [
  ['no plan at all', { plans: {} }, 'plans', 'has no plan'],
  [
    'a plan that names an unknown repository',
    { [`${PLAN}.repository`]: 'mian', 'repositories.offsite': { location: 's3:x', password: { env: 'A' } } },
    `${PLAN}.repository`,
    'there is no repository "mian"; did you mean main? There are: main, offsite',
  ],
  [
    'a plan without any source',
    { [`${PLAN}.sources`]: {}, [`${PLAN}.verification`]: undefined },
    `${PLAN}.sources`,
    'names no source',
  ],
  ['a files source without paths', { [`${ETC}.paths`]: [] }, ETC, 'names no path'],
  [
    'one path twice',
    { [`${ETC}.paths`]: ['etc', './etc/'] },
    `${ETC}.paths[1]`,
    '"etc" has the same path in the stage as paths[0]',
  ],
  [
    'a path that is optional too',
    { [`${ETC}.optional_paths`]: ['conf'] },
    `${ETC}.optional_paths[0]`,
    '"conf" has the same path in the stage as paths[1]',
  ],
  ['a retention without a rule', { [`${PLAN}.retention`]: {} }, `${PLAN}.retention`, 'keeps nothing'],
  ['a retention of zeros', { [`${PLAN}.retention`]: { keep_daily: 0, keep_within: '0d' } }, `${PLAN}.retention`, 'keeps nothing'],
  ['a MySQL source without an address', { [`${SHOP}.host`]: undefined }, SHOP, 'write host and port, or socket'],
  ['a socket beside a host', { [`${SHOP}.socket`]: '/run/m.sock' }, `${SHOP}.socket`, 'stands beside host'],
  [
    'a socket beside a port',
    { [SHOP]: { socket: '/s', port: 1, user: 'u', database: 'd' } },
    `${SHOP}.socket`,
    'stands beside port',
  ],
  [
    'a limit of changes that nobody heeds',
    { [`${PLAN}.sources.sqlite.main.rebase_at`]: '50%' },
    `${PLAN}.sources.sqlite.main.rebase_at`,
    '"method: incremental" only',
  ],
  ['a limit of patches that nobody heeds', { [`${SHOP}.rebase_at`]: '50%' }, `${SHOP}.rebase_at`, '"method: incremental" only'],
  [
    'a required file beside a chain',
    { [`${PLAN}.sources.sqlite.main.method`]: 'incremental', [`${PLAN}.verification.required_files`]: ['sqlite/main.db'] },
    `${PLAN}.verification.required_files[0]`,
    'belongs to no source',
  ],
  ['an authority that nobody asks', { [`${SHOP}.tls_ca`]: '/ca.pem' }, `${SHOP}.tls_ca`, '"tls: verify" only'],
  [
    'a query to an unknown source',
    query({ sqlite: 'mein', sql: 'x', equals: 1 }),
    `${QUERY}.sqlite`,
    'did you mean main? There is: main',
  ],
  ['a query to the other kind of source', query({ mysql: 'main', sql: 'x', equals: 1 }), `${QUERY}.mysql`, 'There is: shop'],
  ['a query to two databases', query({ sqlite: 'main', mysql: 'shop', sql: 'x', equals: 1 }), QUERY, 'asks two databases'],
  ['a query to no database', query({ sql: 'x', equals: 1 }), QUERY, 'asks no database'],
  [
    'a query that expects nothing',
    query({ sqlite: 'main', sql: 'x', not_empty: false }),
    QUERY,
    'one of equals, at_least, at_most, not_empty',
  ],
  [
    'a required file of no source',
    { [`${PLAN}.verification.required_files`]: ['sqlite/other.db'] },
    `${PLAN}.verification.required_files[0]`,
    'files/etc or sqlite/main or mysql/shop',
  ],
  [
    'one directory for two purposes',
    { restore_directory: '/var/lib/holdfast/state/' },
    'restore_directory',
    'is also state_directory',
  ],
  [
    'state inside staging',
    { state_directory: '/var/lib/holdfast/staging/s' },
    'state_directory',
    'lies inside staging_directory',
  ],
  [
    'staging inside restore',
    { staging_directory: '/var/lib/holdfast/restore/s' },
    'staging_directory',
    'lies inside restore_directory',
  ],
  [
    'an archive in the stage',
    { [`${PLAN}.archive.directory`]: '/var/lib/holdfast/staging/a' },
    `${PLAN}.archive.directory`,
    'lies inside staging_directory',
  ],
  [
    'an archive in the repository',
    { [`${PLAN}.archive.directory`]: '/srv/restic' },
    `${PLAN}.archive.directory`,
    'is also the repository main',
  ],
  [
    'a repository in the stage',
    { 'repositories.main.location': 'local:/var/lib/holdfast/staging/r' },
    'repositories.main.location',
    'lies inside',
  ],
  [
    'staging inside a source',
    { staging_directory: '/data/etc/s' },
    `${ETC}.paths[0]`,
    'takes in staging_directory "/data/etc/s"',
  ],
  [
    'staging as a source',
    { staging_directory: '/data/conf', [`${ETC}.paths`]: ['conf/x'] },
    `${ETC}.paths[0]`,
    'lies inside staging_directory',
  ],
  [
    'state that a glob takes in',
    { state_directory: '/data/var/s', [`${ETC}.paths`]: ['v*'] },
    `${ETC}.paths[0]`,
    'takes in state_directory',
  ],
  [
    'restore inside all of base',
    { restore_directory: '/data/r', [`${ETC}.paths`]: ['.'] },
    `${ETC}.paths[0]`,
    'takes in restore_directory',
  ],
  [
    'an archive inside a source',
    { [`${PLAN}.archive.directory`]: '/data/etc/a' },
    `${ETC}.paths[0]`,
    'takes in the archive directory of plan tracker',
  ],
  [
    'an archive inside an optional path',
    { [`${PLAN}.archive.directory`]: '/data/opt', [`${ETC}.optional_paths`]: ['opt'] },
    `${ETC}.optional_paths[0]`,
    'takes in the archive directory',
  ],
  [
    'a repository inside a source',
    { 'repositories.main.location': '/data/etc/r' },
    `${ETC}.paths[0]`,
    'takes in the repository main',
  ],
  [
    'a database in the stage',
    { [`${PLAN}.sources.sqlite.main.path`]: '/var/lib/holdfast/staging/tracker/x.db' },
    `${PLAN}.sources.sqlite.main.path`,
    'lies inside staging_directory',
  ],
  [
    'a base in the restore directory',
    { [ETC]: { base: '/var/lib/holdfast/restore', paths: ['x/*'] } },
    `${ETC}.paths[0]`,
    'lies inside restore_directory',
  ],
];

test.each(REFUSALS)('%s is refused by its path alone', async (_title, changes, path, message) => {
  const problems = await problemsOf(load(sampleWith(changes)));
  expect(problems).toEqual([{ path, message: expect.stringContaining(message), line: expect.any(Number) }]);
});

const ACCEPTED: readonly (readonly [string, Changes])[] = [
  ['the sample itself', {}],
  ['staging beside a path of a source', { staging_directory: '/data/staging' }],
  ['staging whose name begins like a path', { staging_directory: '/data/etcetera' }],
  ['staging that a glob does not fit', { staging_directory: '/data/staging', [`${ETC}.paths`]: ['*.conf', 'e*/x'] }],
  ['an archive beside the repository', { [`${PLAN}.archive.directory`]: '/srv/archives' }],
  ['a remote repository with a user', { 'repositories.main.location': 'sftp://backup@host:2222//srv' }],
  [
    'a required file that every stage has',
    { [`${PLAN}.verification.required_files`]: ['manifest.json', 'mysql/shop.sql', 'files/etc/etc/x'] },
  ],
  ['a socket alone', { [SHOP]: { socket: '/run/m.sock', user: 'u', database: 'd' } }],
  ['an authority with verification', { [`${SHOP}.tls`]: 'verify', [`${SHOP}.tls_ca`]: '/ca.pem' }],
  ['only optional paths', { [ETC]: { base: '/data', optional_paths: ['x'] } }],
];

test.each(ACCEPTED)('%s is accepted', async (_title, changes) => {
  expect(await problemsOf(load(sampleWith(changes)))).toEqual([]);
});

test('what is refused hides no problem across values, and causes none', async () => {
  const changes = {
    'repositories.main.prun': {},
    [`${PLAN}.repository`]: 'gone',
    [`${PLAN}.sources.sqlite.main`]: null,
    [`${PLAN}.retention`]: { keep_dayly: 7 },
    staging_directory: '/data/etc',
  };
  const problems = await problemsOf(load(sampleWith(changes)));
  expect(problems.map(({ path }) => path).sort()).toEqual([
    'plans.tracker.repository',
    'plans.tracker.retention.keep_dayly',
    'plans.tracker.sources.files.etc.paths[0]',
    'plans.tracker.sources.sqlite.main',
    'repositories.main.prun',
  ]);
});
