import { expect, test } from '@jest/globals';
import { load, sampleWith } from './sample.ts';

const SCHEDULE = { timezone: 'UTC', jitterMs: 0, catchUpWithinMs: 43_200_000, overlap: 'skip' };

test('what is left out has its default, and directories of a plan follow from its name', async () => {
  const configuration = await load(sampleWith({ staging_directory: '/var//lib/staging/' }));
  expect(configuration.maxParallelRuns).toBe(1);
  expect(configuration.maxParallelDumps).toBe(2);
  expect(configuration.noProgressTimeoutMs).toBe(900_000);
  const repository = configuration.repositories.get('main');
  expect(repository).toEqual({
    name: 'main',
    location: '/srv/restic',
    password: { kind: 'env', name: 'RESTIC_SECRET' },
    environment: {},
    options: [],
    uploadLimit: undefined,
    downloadLimit: undefined,
    check: undefined,
    prune: undefined,
  });
  expect(configuration.plans.get('tracker')).toEqual({
    name: 'tracker',
    repository,
    schedule: { cron: '0 3 * * *', ...SCHEDULE },
    tags: [],
    sources: [
      { kind: 'files', name: 'etc', base: '/data', paths: ['etc', 'conf'], optionalPaths: [], exclude: [], maxShrinkRatio: 0.5 },
      { kind: 'sqlite', name: 'main', path: '/data/main.db', method: 'auto', allowWriterStall: false, maxShrinkRatio: 0.5 },
      {
        kind: 'mysql',
        name: 'shop',
        address: { kind: 'tcp', host: 'db', port: 3306 },
        user: 'backup',
        password: undefined,
        database: 'shop',
        tls: 'preferred',
        tlsCa: undefined,
        structureOnly: [],
        maxShrinkRatio: 0.5,
      },
    ],
    archive: { directory: '/backups', format: 'tar.zst', keepDays: 7, keepAtLeast: 2 },
    retention: { keepDaily: 7 },
    verification: {
      schedule: { cron: '@monthly', ...SCHEDULE },
      scratchMysql: undefined,
      requiredFiles: [],
      queries: [{ source: { kind: 'sqlite', name: 'main' }, sql: 'SELECT 1', equals: 1 }],
    },
    deadlineMs: 21_600_000,
    stageDirectory: '/var/lib/staging/tracker',
    stateDirectory: '/var/lib/holdfast/state/plans/tracker',
  });
});

test('what is given is kept, in milliseconds, ratios and references', async () => {
  const weekly = { cron: '@weekly', timezone: 'Europe/Berlin', jitter: '5m', catch_up_within: '10s', overlap: 'buffer_one' };
  const configuration = await load(
    sampleWith({
      max_parallel_runs: 3,
      max_parallel_dumps: 5,
      'repositories.main.environment': { REGION: 'eu', TOKEN: { command: ['pass', 'token'] }, KEY: { file: '/run//key' } },
      'repositories.main.options': ['s3.storage-class=STANDARD_IA'],
      'repositories.main.check': { schedule: weekly, read_data_subset: '1/8' },
      'repositories.main.prune': { schedule: weekly },
      'plans.tracker.schedule': undefined,
      'plans.tracker.retention': { keep_last: 3, keep_daily: 0, keep_within: '1y6m' },
      'plans.tracker.sources.files.etc': { base: '/data/', paths: ['./etc//x/', '.'], exclude: ['*.log'], max_shrink: 0.25 },
      'plans.tracker.sources.mysql.shop': {
        socket: '/run/m.sock',
        user: 'u',
        database: 'd',
        password: { file: '/run/p' },
        tls: 'verify',
        tls_ca: '/ca.pem',
        structure_only: ['log'],
      },
      'plans.tracker.verification.queries': [{ mysql: 'shop', sql: 'x', at_least: 1, at_most: 2, not_empty: true }],
    }),
  );
  expect(configuration.maxParallelRuns).toBe(3);
  expect(configuration.maxParallelDumps).toBe(5);
  const schedule = {
    cron: '@weekly',
    timezone: 'Europe/Berlin',
    jitterMs: 300_000,
    catchUpWithinMs: 10_000,
    overlap: 'buffer_one',
  };
  expect(configuration.repositories.get('main')).toMatchObject({
    environment: { REGION: 'eu', TOKEN: { kind: 'command', argv: ['pass', 'token'] }, KEY: { kind: 'file', path: '/run/key' } },
    options: ['s3.storage-class=STANDARD_IA'],
    check: { schedule, readDataSubset: { total: 8 } },
    prune: { schedule },
  });
  const plan = configuration.plans.get('tracker');
  expect(plan?.retention).toEqual({ keepLast: 3, keepWithin: '1y6m' });
  expect(plan?.schedule).toBeUndefined();
  expect(plan?.sources).toMatchObject([
    { base: '/data', paths: ['etc/x', '.'], exclude: ['*.log'], maxShrinkRatio: 0.25 },
    {},
    {
      address: { kind: 'socket', path: '/run/m.sock' },
      password: { kind: 'file' },
      tls: 'verify',
      tlsCa: '/ca.pem',
      structureOnly: ['log'],
    },
  ]);
  expect(plan?.verification?.queries).toEqual([
    { source: { kind: 'mysql', name: 'shop' }, sql: 'x', atLeast: 1, atMost: 2, notEmpty: true },
  ]);
});

test('one command of a hook or several are a list of commands, and with one hook alone nothing is stopped', async () => {
  const hooksOf = async (hooks: unknown) =>
    (await load(sampleWith({ 'plans.tracker.hooks': hooks }))).plans.get('tracker')?.hooks;
  expect(await hooksOf({ before_dump: ['docker', 'stop', 'a'], after_dump: [['x'], ['y', 'z']] })).toEqual({
    beforeDump: [['docker', 'stop', 'a']],
    afterDump: [['x'], ['y', 'z']],
    state: undefined,
    timeoutMs: 120_000,
    maxStoppedMs: 1_800_000,
  });
  const both = { before_dump: ['a'], after_dump: ['b'] };
  expect(await hooksOf({ ...both, state: ['c'], timeout: '5s', max_stopped: '10m' })).toMatchObject({
    state: ['c'],
    timeoutMs: 5_000,
    maxStoppedMs: 600_000,
  });
  expect(await hooksOf({ after_dump: ['b'] })).toMatchObject({ beforeDump: [], maxStoppedMs: 21_600_000 });
});

test('a dump by patches has a place for its chain, and a whole one has none', async () => {
  const shop = 'plans.tracker.sources.mysql.shop';
  const chainOf = async (more: Record<string, unknown>) => {
    const plan = (await load(sampleWith(more))).plans.get('tracker');
    const source = plan?.sources.find(({ kind }) => kind === 'mysql');
    return source?.kind === 'mysql' ? source.chain?.directory.slice(plan?.stateDirectory.length) : 'no source';
  };
  expect(await chainOf({})).toBeUndefined();
  expect(await chainOf({ [`${shop}.method`]: 'incremental' })).toBe('/chains/mysql.shop');
});

test('an incremental source has places for its chain below the directories of its plan', async () => {
  const configuration = await load(
    sampleWith({ 'plans.tracker.sources.sqlite.main': { path: '/data/main.db', method: 'incremental', rebase_at: '40%' } }),
  );
  const plan = configuration.plans.get('tracker');
  expect(plan?.sources[1]).toMatchObject({
    method: 'incremental',
    chain: {
      directory: `${plan?.stateDirectory}/chains/sqlite.main`,
      viewDirectory: `${plan?.stageDirectory}.chains/sqlite.main`,
      rebaseRatio: 0.4,
    },
  });
});
