import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { manifestSchema } from '../../activities/stage/manifest.ts';
import { Holdfast, renderConfiguration } from '../support/holdfast.ts';
import {
  createTrackerDatabase,
  restoreTrackerDatabase,
  type SqliteWriter,
  startSqliteWriter,
} from '../support/tracker-database.ts';

const SOURCES = (directory: string) => `
files:
  config: { base: ${directory}/data, paths: [etc, "*.env"], exclude: ["*.log"] }
sqlite:
  tracker: { path: ${directory}/data/tracker.db }
  grafana: { path: ${directory}/data/grafana.db }
`;
const EXTRA = (directory: string) => `
schedule: { cron: "0 3 * * *" }
archive: { directory: ${directory}/archives }
retention: { keep_daily: 7 }
tags: [torrust]
`;
const render = (directory: string) => renderConfiguration(directory, { sources: SOURCES(directory), extra: EXTRA(directory) });

let holdfast: Holdfast;
let writer: SqliteWriter;

beforeAll(async () => {
  holdfast = await Holdfast.create(render);
  const data = join(holdfast.directory, 'data');
  await mkdir(join(data, 'etc/empty'), { recursive: true });
  await writeFile(join(data, 'etc/tracker.toml'), '[metadata]\n');
  await writeFile(join(data, 'etc/-rf "quoted"\nname'), 'odd');
  await writeFile(Buffer.concat([Buffer.from(`${data}/etc/`), Buffer.from([0xff, 0xfe])]), 'not UTF-8');
  await writeFile(join(data, 'etc/ignored.log'), 'log');
  await writeFile(join(data, '.env'), 'SECRET=1\n');
  await chmod(join(data, '.env'), 0o640);
  await utimes(join(data, '.env'), 1_700_000_000, 1_700_000_000);
  await symlink('../elsewhere', join(data, 'etc/link'));
  await createTrackerDatabase(join(data, 'tracker.db'), { journalMode: 'wal', bytes: 20_000_000 });
  await createTrackerDatabase(join(data, 'grafana.db'), { journalMode: 'delete', bytes: 1_000_000 });
  writer = await startSqliteWriter(join(data, 'tracker.db'), 200);
  await holdfast.up();
  expect(await holdfast.cli('init')).toMatchObject({ exitCode: 0 });
}, 120_000);

afterAll(async () => {
  await writer.stop();
  await holdfast.stop();
});

/** In an order of their own: that of a directory's entries depends on the file system. */
async function listFiles(directory: string): Promise<string[]> {
  const format = '%P\\t%y\\t%m\\t%T@\\t%l\\0';
  const list = await holdfast.tool('find', ['.', '-mindepth', '1', '!', '-name', '*.log', '-printf', format], { cwd: directory });
  return list.split('\0').toSorted();
}

test('a run makes one snapshot that restores by hand, byte for byte, while a writer goes on', async () => {
  const { exitCode, run } = await holdfast.backup('tracker');
  expect(run.failure).toBeUndefined();
  expect({ exitCode, outcome: run.outcome }).toEqual({ exitCode: 0, outcome: 'succeeded' });
  expect(run.phases.map((phase) => `${phase.name} ${phase.status}`)).toEqual(
    expect.arrayContaining([
      'openRun done',
      'probeRepository done',
      'dumpSqlite sqlite/tracker done',
      'createSnapshot done',
      'cleanUpStage done',
    ]),
  );

  await holdfast.recordHistory(run.workflow_id, 'backup-succeeded');

  const target = join(holdfast.directory, 'restored');
  await holdfast.restic('restore', run.snapshot_id ?? '', '--target', target);
  const manifest = manifestSchema.parse(JSON.parse(await readFile(join(target, 'manifest.json'), 'utf8')));
  const tracker = await restoreTrackerDatabase(join(target, 'sqlite/tracker.db'), target);
  expect(manifest.sources['sqlite/tracker']).toMatchObject({ kind: 'sqlite', tables: tracker });
  await restoreTrackerDatabase(join(target, 'sqlite/grafana.db'), target);
  for (const entry of manifest.entries.filter(({ type, path_base64 }) => type === 'file' && path_base64 === undefined)) {
    const content = await readFile(join(target, entry.path));
    expect({ path: entry.path, sha256: createHash('sha256').update(content).digest('hex') }).toEqual({
      path: entry.path,
      sha256: entry.sha256,
    });
  }
  expect(await listFiles(join(target, 'files/config/etc'))).toEqual(await listFiles(join(holdfast.directory, 'data/etc')));
  expect(await readdir(join(target, 'files/config'))).toEqual(expect.arrayContaining(['.env', 'etc']));
  expect(await readFile(join(target, 'RESTORE.md'), 'utf8')).toContain('restic');
}, 120_000);

test('the archive holds what the snapshot holds, and the stage is gone', async () => {
  const { run } = await holdfast.backup('tracker');
  const target = join(holdfast.directory, 'unpacked');
  await mkdir(target);
  await holdfast.tool('tar', ['--zstd', '-xf', run.archive?.path ?? '', '-C', target]);
  await restoreTrackerDatabase(join(target, 'sqlite/tracker.db'), target);
  const staged = await readdir(join(holdfast.directory, 'staging')).catch(() => []);
  expect(staged).toEqual([]);
}, 120_000);

test('a second run of unchanged data adds next to nothing, and its archive is that of the first', async () => {
  await writer.stop();
  const { run: first } = await holdfast.backup('tracker');
  const { run } = await holdfast.backup('tracker');
  writer = await startSqliteWriter(join(holdfast.directory, 'data/tracker.db'), 200);
  const [before, after] = await Promise.all([first, run].map(({ archive }) => stat(archive?.path ?? '')));
  expect(run.archive?.path).not.toBe(first.archive?.path);
  expect(after?.ino).toBe(before?.ino);
  expect(run.bytes_processed).toBeGreaterThan(20_000_000);
  expect(run.bytes_added).toBeLessThan(100_000);
}, 120_000);

test('runs started at once by schedule, Temporal and the CLI never share the stage, and the CLI is told who is there', async () => {
  const started = await holdfast.withClient(async (client) => {
    const handle = await client.workflow.start('backup', {
      workflowId: 'by-hand',
      taskQueue: 'holdfast-test-host',
      args: [{ plan: 'tracker' }],
    });
    await holdfast.tool('temporal', [
      'schedule',
      'trigger',
      '-s',
      'holdfast/test-host/tracker/backup',
      '--address',
      holdfast.address,
    ]);
    return handle;
  });
  const refused = await holdfast.backup('tracker');
  expect(refused.exitCode).toBe(1);
  expect(refused.run.failure).toMatchObject({
    type: 'PlanBusy',
    message: expect.stringMatching(/by-hand|backup\/test-host\/tracker/),
  });

  const waited = await holdfast.backup('tracker', '--wait');
  expect(waited.run.outcome).toBe('succeeded');
  const records = await holdfast.withClient(async (client) => {
    await client.workflow.getHandle(started.workflowId).result();
    while ((await client.workflow.count("WorkflowType = 'backup' AND ExecutionStatus = 'Running'")).count > 0) await sleep(200);
    const history = await holdfast.cli('history', 'tracker', '--json');
    return JSON.parse(history.stdout) as {
      started_at: string;
      phases: { name: string; started_at: string; duration_ms: number }[];
      outcome: string;
    }[];
  });
  const spans = records
    .filter((record) => record.outcome === 'succeeded')
    .map((record) => {
      const opened = record.phases.find((phase) => phase.name === 'openRun');
      const cleaned = record.phases.find((phase) => phase.name === 'cleanUpStage');
      return [Date.parse(opened?.started_at ?? '') + (opened?.duration_ms ?? 0), Date.parse(cleaned?.started_at ?? '')] as const;
    })
    .sort(([a], [b]) => a - b);
  for (const [index, [start]] of spans.entries()) {
    if (index > 0) expect(start).toBeGreaterThanOrEqual(spans[index - 1]?.[1] ?? 0);
  }
  const after = JSON.parse((await holdfast.cli('snapshots', 'tracker', '--json')).stdout) as { tags: string[] }[];
  const runTags = after.flatMap(({ tags }) => tags.filter((tag) => tag.startsWith('run:')));
  expect(new Set(runTags).size).toBe(runTags.length);
}, 180_000);

test('Temporal can be asked for the runs of a plan by search attributes', async () => {
  const query = 'HoldfastPlan="tracker" AND HoldfastHost="test-host" AND HoldfastOutcome="succeeded"';
  const command = ['workflow', 'list', '--address', holdfast.address, '--output', 'json', '--query', query];
  const list = await holdfast.tool('temporal', command);
  expect((JSON.parse(list) as unknown[]).length).toBeGreaterThan(0);
});

test('a cancelled run ends its children, cleans the stage and leaves the plan free', async () => {
  await holdfast.withClient(async (client) => {
    const handle = await client.workflow.start('backup', {
      workflowId: 'to-cancel',
      taskQueue: 'holdfast-test-host',
      args: [{ plan: 'tracker' }],
    });
    await sleep(1_500);
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow();
    expect((await handle.describe()).status.name).toBe('CANCELLED');
    expect((await handle.describe()).memo).toMatchObject({ holdfast: { outcome: 'cancelled' } });
    await holdfast.recordHistory('to-cancel', 'backup-cancelled');
  });
  expect(await readdir(join(holdfast.directory, 'staging'))).toEqual([]);
  expect((await holdfast.backup('tracker')).run.outcome).toBe('succeeded');
}, 120_000);

test('a second start of holdfast up goes on with the history of the first', async () => {
  const before = JSON.parse((await holdfast.cli('history', 'tracker', '--json')).stdout) as unknown[];
  expect(await holdfast.down('SIGINT')).toBe(0);
  await holdfast.up();
  const after = JSON.parse((await holdfast.cli('history', 'tracker', '--json')).stdout) as unknown[];
  expect(after).toEqual(before);
  expect(before.length).toBeGreaterThan(3);
}, 120_000);
