import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { findFreePort } from '../../worker/free-port.ts';
import { Holdfast, renderConfiguration } from '../support/holdfast.ts';
import { createTrackerDatabase } from '../support/tracker-database.ts';

const PASSWORD = 'correct horse battery staple';
const MYSQL_PASSWORD = 'tr0ub4dor&3-mysql';
const SQLITE = (directory: string) => `sqlite:\n  tracker: { path: ${directory}/data/tracker.db }`;

let holdfast: Holdfast;
let deadPort: number;

/** Plans that each meet another trouble, in one worker. */
function render(directory: string): string {
  const base = renderConfiguration(directory, { sources: SQLITE(directory) });
  const plan = (name: string, repository: string, sources: string) =>
    `  ${name}:\n    repository: ${repository}\n    deadline: 10s\n    sources:\n${sources.replace(/^(?=.)/gm, '      ')}\n`;
  return `${base.replace(
    'plans:\n',
    `  wrong: { location: ${directory}/repository, password: { env: WRONG_SECRET } }
  absent: { location: ${directory}/nowhere, password: { env: RESTIC_SECRET } }
plans:
`,
  )}${plan('wrong-password', 'wrong', SQLITE(directory))}${plan('no-repository', 'absent', SQLITE(directory))}${plan(
    'mysql-down',
    'main',
    `mysql:\n  shop: { host: 127.0.0.1, port: ${deadPort}, user: backup, password: { env: MYSQL_SECRET }, database: shop }`,
  )}${plan(
    'sqlite-missing',
    'main',
    `files:\n  config: { base: ${directory}/data, paths: [etc] }\nsqlite:\n  gone: { path: ${directory}/data/gone.db }`,
  )}${plan('archive-away', 'main', SQLITE(directory))}    archive: { directory: ${directory}/unmounted/archives }
    retention: { keep_daily: 7 }
`;
}

beforeAll(async () => {
  deadPort = await findFreePort();
  holdfast = await Holdfast.create(render, {
    environment: { WRONG_SECRET: 'wrong pony', MYSQL_SECRET: MYSQL_PASSWORD, RESTIC_SECRET: PASSWORD },
  });
  await mkdir(join(holdfast.directory, 'data/etc'));
  await writeFile(join(holdfast.directory, 'data/etc/a.toml'), 'a = 1\n');
  await createTrackerDatabase(join(holdfast.directory, 'data/tracker.db'), { journalMode: 'wal', bytes: 1_000_000 });
  await holdfast.up();
  await holdfast.cli('init', 'main');
}, 120_000);

afterAll(() => holdfast.stop());

let snapshotsBefore: string;
beforeEach(async () => {
  snapshotsBefore = await holdfast.restic('snapshots', '--json');
});

async function expectNothingLeft(): Promise<void> {
  expect(await holdfast.restic('snapshots', '--json')).toBe(snapshotsBefore);
  expect(await readdir(join(holdfast.directory, 'staging'))).toEqual([]);
}

test('a wrong repository password ends the run at once with exit code 12, and leaves nothing', async () => {
  const started = Date.now();
  const { exitCode, run } = await holdfast.backup('wrong-password');
  expect(Date.now() - started).toBeLessThan(20_000);
  expect(exitCode).toBe(12);
  expect(run.failure).toMatchObject({
    type: 'AuthRejected',
    phase: 'probeRepository',
    message: expect.stringContaining('repository wrong'),
  });
  await expectNothingLeft();
});

test('a missing repository ends the run with exit code 10, says how to create it, and creates nothing', async () => {
  const { exitCode, run } = await holdfast.backup('no-repository');
  expect(exitCode).toBe(10);
  expect(run.failure?.message).toContain('holdfast init absent');
  expect(await readdir(holdfast.directory)).not.toContain('nowhere');
  await expectNothingLeft();
});

test('a MySQL server that is down is tried again until the deadline, and then named with host and port', async () => {
  const { exitCode, run } = await holdfast.backup('mysql-down');
  expect(exitCode).toBe(1);
  expect(run.failure).toMatchObject({ type: 'SourceUnavailable', message: expect.stringContaining(`127.0.0.1:${deadPort}`) });
  const failed = run.phases.find((phase) => phase.status === 'failed');
  expect(failed?.attempts).toBeGreaterThan(1);
  await expectNothingLeft();
}, 120_000);

test('a missing SQLite fails the run, and the other sources are not backed up as if that were all', async () => {
  const { exitCode, run } = await holdfast.backup('sqlite-missing');
  expect(exitCode).toBe(1);
  expect(run.failure).toMatchObject({ type: 'SourceMissing', message: expect.stringContaining('data/gone.db') });
  expect(run.snapshot_id).toBeNull();
  await holdfast.recordHistory(run.workflow_id, 'backup-failed');
  await expectNothingLeft();
});

test('an archive whose disk is away holds up neither the snapshot nor what follows it, and is named in the end', async () => {
  const { exitCode, run } = await holdfast.backup('archive-away');
  expect(exitCode).toBe(1);
  expect(run.failure).toMatchObject({ phase: 'writeArchive', message: expect.stringContaining('unmounted/archives') });
  const status = Object.fromEntries(run.phases.map((phase) => [phase.name, phase.status]));
  expect(status).toMatchObject({ createSnapshot: 'done', forgetSnapshots: 'done', writeArchive: 'failed', cleanUpStage: 'done' });
  expect(await holdfast.restic('snapshots', '--json')).toContain(run.snapshot_id);
  await holdfast.recordHistory(run.workflow_id, 'backup-without-archive');
}, 60_000);

test('a plan that does not exist is refused, by the CLI and by the worker', async () => {
  expect(await holdfast.cli('backup', 'nonsense')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('tracker') });
  await holdfast.withClient(async (client) => {
    for (const input of [{ plan: '../../etc' }, { plan: '--help' }, {}, 'text', { plan: 'tracker', command: 'rm' }]) {
      const run = client.workflow.execute('backup', {
        workflowId: `odd-${JSON.stringify(input)}`,
        taskQueue: 'holdfast-test-host',
        args: [input],
      });
      await expect(run).rejects.toMatchObject({ cause: { cause: { type: 'ConfigInvalid' } } });
    }
  });
});

test('no secret is in any history, log or message', async () => {
  const histories = await holdfast.withClient(async (client) => {
    const all: string[] = [];
    for await (const { workflowId, runId } of client.workflow.list()) {
      const show = ['workflow', 'show', '-w', workflowId, '-r', runId, '--address', holdfast.address, '--output', 'json'];
      const history = await holdfast.tool('temporal', show);
      const payloads = [...history.matchAll(/"data":\s*"([^"]*)"/g)].map(([, data]) =>
        Buffer.from(data ?? '', 'base64').toString('utf8'),
      );
      all.push(history, ...payloads);
    }
    return all.join('\n');
  });
  expect(histories).toContain('AuthRejected');
  const state = await holdfast.tool('sh', [
    '-c',
    'find "$1" -type f -not -path "*/temporal/*" -not -path "*/cache/*" -exec cat {} +',
    'sh',
    join(holdfast.directory, 'state'),
  ]);
  for (const secret of [PASSWORD, MYSQL_PASSWORD, 'wrong pony']) {
    expect(histories).not.toContain(secret);
    expect(holdfast.log).not.toContain(secret);
    expect(state).not.toContain(secret);
  }
  const database = await readFile(join(holdfast.directory, 'state/temporal/temporal.db'));
  expect(database.includes(MYSQL_PASSWORD)).toBe(false);
}, 120_000);
