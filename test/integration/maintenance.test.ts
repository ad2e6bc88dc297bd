import { createHash } from 'node:crypto';
import { chmod, mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { MaintenanceDocument } from '../../client/runs/maintenance-document.ts';
import type { UnlockRepositoryResult } from '../../contract/maintenance.ts';
import { Holdfast, renderConfiguration } from '../support/holdfast.ts';
import { plantLock } from '../support/restic-lock.ts';

const SOURCES = (directory: string) => `files:\n  data: { base: ${directory}/data, paths: ["*.bin"] }`;
const REPOSITORY = `    check: { schedule: { cron: "30 4 * * 0" }, read_data_subset: 1/3 }
    prune: { schedule: { cron: "0 5 * * 0" } }
`;
const render = (directory: string) =>
  renderConfiguration(directory, { sources: SOURCES(directory), extra: 'retention: { keep_last: 1 }' }).replace(
    'plans:\n',
    `${REPOSITORY}notifications:
  - { on: [failed], command: [tee, ${directory}/told.json] }
plans:\n`,
  );

let holdfast: Holdfast;

beforeAll(async () => {
  holdfast = await Holdfast.create(render);
  await writeNoise('a.bin', 24_000_000, 1);
  await holdfast.up();
  expect(await holdfast.cli('init')).toMatchObject({ exitCode: 0 });
}, 120_000);

afterAll(() => holdfast.stop());

/** A file that neither compresses nor resembles one of another seed. */
async function writeNoise(name: string, bytes: number, seed: number): Promise<void> {
  const block = Buffer.concat(
    Array.from({ length: 32_768 }, (_, index) => createHash('sha256').update(`${seed} ${index}`).digest()),
  );
  const file = await open(join(holdfast.directory, 'data', name), 'w');
  for (let written = 0; written < bytes; written += block.length) {
    block.writeUInt32LE(written, 0);
    for (let index = 0; index < block.length; index += 4096) block.writeUInt32LE((written + index + seed) >>> 0, index);
    await file.write(block);
  }
  await file.close();
}

async function maintain(task: 'check' | 'prune', ...flags: string[]): Promise<{ exitCode: number; run: MaintenanceDocument }> {
  const { exitCode, stdout, stderr } = await holdfast.cli(task, 'main', '--json', ...flags);
  if (stdout === '') throw new Error(`${task} printed no JSON: ${stderr}`);
  return { exitCode, run: JSON.parse(stdout) as MaintenanceDocument };
}

/** Without those that are being written. */
async function listLockFiles(): Promise<string[]> {
  const names = await readdir(join(holdfast.directory, 'repository/locks'));
  return names.filter((name) => /^[0-9a-f]{64}$/.test(name));
}

test('check and prune have schedules of their own, beside no backup schedule', async () => {
  const dryRun = JSON.parse((await holdfast.cli('apply', '--json')).stdout) as { schedules: { id: string }[] };
  expect(dryRun.schedules.map(({ id }) => id)).toEqual([
    'holdfast/test-host/repository/main/check',
    'holdfast/test-host/repository/main/prune',
  ]);
  await holdfast.withClient(async (client) => {
    const { action, policies } = await client.schedule.getHandle('holdfast/test-host/repository/main/check').describe();
    expect(action).toMatchObject({ workflowType: 'check', taskQueue: 'holdfast-test-host', args: [{ repository: 'main' }] });
    expect(policies.overlap).toBe('SKIP');
  });
});

test('checks read one part of the data after the other, over a restart of the worker, and only success moves on', async () => {
  await holdfast.backup('tracker');
  const first = await maintain('check');
  expect(first).toMatchObject({ exitCode: 0, run: { outcome: 'succeeded', data_read: '1/3', repository: 'main' } });
  await holdfast.recordHistory(first.run.workflow_id, 'check-succeeded');
  await holdfast.down();
  await holdfast.up();
  const metrics = await (await fetch(`http://127.0.0.1:${holdfast.metricsPort}/metrics`)).text();
  expect(metrics).toMatch(/holdfast_last_check_timestamp_seconds\{[^}]*repository="main"[^}]*\} \d+/);
  expect((await maintain('check')).run.data_read).toBe('2/3');
  expect((await maintain('check', '--read-data')).run.data_read).toBe('all');
  expect((await maintain('check')).run.data_read).toBe('3/3');
  expect((await maintain('check')).run.data_read).toBe('1/3');
}, 240_000);

/** Bytes of all packs. */
async function measureData(): Promise<number> {
  const sizes = await holdfast.tool('find', [join(holdfast.directory, 'repository/data'), '-type', 'f', '-printf', '%s\n']);
  return sizes.split('\n').reduce((sum, size) => sum + Number(size), 0);
}

test('prune frees what forgotten snapshots left, and says how much', async () => {
  await holdfast.backup('tracker');
  await writeNoise('a.bin', 24_000_000, 2);
  const { run: backup } = await holdfast.backup('tracker');
  expect(backup.bytes_added).toBeGreaterThan(20_000_000);
  const sizeBefore = await measureData();
  const { exitCode, run } = await maintain('prune');
  expect({ exitCode, outcome: run.outcome }).toEqual({ exitCode: 0, outcome: 'succeeded' });
  await holdfast.recordHistory(run.workflow_id, 'prune-succeeded');
  const sizeAfter = await measureData();
  expect(run.bytes_freed).toBeGreaterThan(20_000_000);
  expect(Math.abs((run.bytes_freed ?? 0) - (sizeBefore - sizeAfter))).toBeLessThan(200_000);
  expect(Math.abs((run.bytes_remaining ?? 0) - sizeAfter)).toBeLessThan(200_000);
  expect((await maintain('prune')).run.bytes_freed).toBe(0);
}, 240_000);

test('a prune that is started during a backup waits for it, and a backup that is started during a check succeeds too', async () => {
  await writeNoise('b.bin', 100_000_000, 3);
  const backup = holdfast.backup('tracker');
  const restic = await untilResticHasLock();
  process.kill(restic, 'SIGSTOP');
  const pruning = maintain('prune');
  await untilPhase('prune', 'openMaintenance', 2);
  process.kill(restic, 'SIGCONT');
  const [prune, { run }] = [await pruning, await backup];
  expect([run.outcome, prune.run.outcome]).toEqual(['succeeded', 'succeeded']);
  const [opened, pruned] = prune.run.phases;
  expect(opened?.attempts).toBeGreaterThan(1);
  expect(Date.parse(pruned?.started_at ?? '')).toBeGreaterThanOrEqual(Date.parse(run.finished_at ?? ''));

  const check = maintain('check', '--read-data');
  await untilPhase('check', 'checkRepository');
  const second = await holdfast.backup('tracker');
  expect([second.run.outcome, (await check).run.outcome]).toEqual(['succeeded', 'succeeded']);
  // Both waited at the gate of this worker: neither came to restic's lock, so no attempt failed.
  expect(second.run.phases.map(({ attempts }) => attempts)).not.toContain(2);
}, 240_000);

/** Waits until a run of a workflow type has a phase in progress, in that attempt at least. */
async function untilPhase(type: string, phase: string, attempt = 1): Promise<void> {
  await holdfast.withClient(async (client) => {
    for (let look = 0; look < 300; look++) {
      for await (const { workflowId } of client.workflow.list({
        query: `WorkflowType = '${type}' AND ExecutionStatus = 'Running'`,
      })) {
        const { raw } = await client.workflow.getHandle(workflowId).describe();
        const pending = raw.pendingActivities?.find(({ activityType }) => activityType?.name === phase);
        if ((pending?.attempt ?? 0) >= attempt) return;
      }
      await sleep(50);
    }
    throw new Error(`no ${type} came to ${phase}`);
  });
}

/** The restic of the worker that works on the test's repository: its process number. */
async function untilResticHasLock(): Promise<number> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const [name] = await listLockFiles();
    if (name !== undefined) {
      const lock = JSON.parse(await holdfast.restic('cat', 'lock', name, '--no-lock')) as { pid: number };
      return lock.pid;
    }
    await sleep(20);
  }
  throw new Error('restic took no lock');
}

test('the lock of a restic that is killed is cleared by the retry, and forget, prune and check succeed without a person', async () => {
  await writeNoise('b.bin', 200_000_000, 4);
  const backup = holdfast.backup('tracker');
  const pid = await untilResticHasLock();
  process.kill(pid, 'SIGKILL');
  const { run } = await backup;
  expect(run.outcome).toBe('succeeded');
  expect(run.phases.find(({ name }) => name === 'createSnapshot')?.attempts).toBe(2);
  expect(run.phases.find(({ name }) => name === 'forgetSnapshots')).toMatchObject({ status: 'done', attempts: 1 });
  expect(await listLockFiles()).toEqual([]);
  expect((await maintain('prune')).run.outcome).toBe('succeeded');
  expect((await maintain('check')).run.outcome).toBe('succeeded');
}, 240_000);

test('a worker killed with -9 in the upload goes on after its restart, and forget, prune and check succeed without a person', async () => {
  await writeNoise('b.bin', 200_000_000, 5);
  const backup = holdfast.cli('backup', 'tracker', '--detach', '--json');
  const { workflow_id: workflowId } = JSON.parse((await backup).stdout) as { workflow_id: string };
  await untilResticHasLock();
  await holdfast.down('SIGKILL');
  expect(await listLockFiles()).toHaveLength(1);
  await holdfast.up();
  const outcome = await holdfast.withClient(async (client) => client.workflow.getHandle(workflowId).result());
  expect(outcome).toMatchObject({ outcome: 'succeeded' });
  expect((await maintain('prune')).run.outcome).toBe('succeeded');
  expect((await maintain('check')).run.outcome).toBe('succeeded');
  expect(await listLockFiles()).toEqual([]);
}, 240_000);

test('a live lock of this machine is shown and not removed, and the lock goes with its process', async () => {
  const mountpoint = join(holdfast.directory, 'big');
  await mkdir(mountpoint);
  const fifo = join(mountpoint, 'fifo');
  await holdfast.tool('mkfifo', [fifo]);
  // Waits for its input for as long as nobody writes to it, and holds its lock meanwhile.
  const alive = holdfast.restic('backup', '--stdin-from-command', '--', 'cat', fifo);
  await untilResticHasLock();
  const refused = await holdfast.cli('unlock', '--yes', '--json');
  const answer = JSON.parse(refused.stdout) as UnlockRepositoryResult;
  expect(refused.exitCode).toBe(11);
  expect(answer).toMatchObject({ removed: [], refusal: expect.stringContaining('works on it') });
  expect(answer.locks).toMatchObject([{ state: 'live', machine: hostname(), user: expect.any(String) }]);
  expect(await listLockFiles()).toHaveLength(1);
  await writeFile(fifo, 'over');
  await alive;
  expect((await holdfast.cli('unlock')).stdout).toContain('has no locks');
}, 120_000);

test('the lock of another machine is waited for and named, and is removed neither by a run nor by unlock', async () => {
  const id = await plantLock(holdfast, { hostname: 'tracker-2', pid: 4711, exclusive: false, ageMs: 65_000 });
  const started = await holdfast.cli('check', '--detach', '--json');
  const { workflow_id: workflowId } = JSON.parse(started.stdout) as MaintenanceDocument;
  const failure = await untilAttemptFailed(workflowId);
  expect(failure).toContain('process 4711 of user backup on machine tracker-2 for 1m');
  const unlocked = await holdfast.cli('unlock', '--yes');
  expect(unlocked.exitCode).toBe(11);
  expect(unlocked.stdout).toMatch(/unknown +shared +tracker-2 +backup +4711/);
  expect(await listLockFiles()).toContain(id);
  await holdfast.withClient(async (client) => client.workflow.getHandle(workflowId).cancel());
  await holdfast.withClient(async (client) =>
    client.workflow
      .getHandle(workflowId)
      .result()
      .catch(() => undefined),
  );
  await rm(join(holdfast.directory, 'repository/locks', id));

  const old = await plantLock(holdfast, { hostname: 'tracker-2', pid: 4711, exclusive: true, ageMs: 31 * 60_000 });
  expect((await holdfast.cli('unlock')).stdout).toMatch(/dead +exclusive +tracker-2/);
  expect(await listLockFiles()).toContain(old);
  expect(await holdfast.cli('unlock', '--yes')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('removed') });
  expect(await listLockFiles()).not.toContain(old);
}, 240_000);

/** The message of the failure that a run's pending activity is tried again after. */
async function untilAttemptFailed(workflowId: string): Promise<string> {
  return holdfast.withClient(async (client) => {
    for (let attempt = 0; attempt < 600; attempt++) {
      const { raw } = await client.workflow.getHandle(workflowId).describe();
      const message = raw.pendingActivities?.[0]?.lastFailure?.message;
      if (typeof message === 'string') return message;
      await sleep(100);
    }
    throw new Error('no attempt failed');
  });
}

test('a flipped byte in a pack is found by a check that reads all data, and the snapshot that needs it is named', async () => {
  const { run: backup } = await holdfast.backup('tracker');
  const data = join(holdfast.directory, 'repository/data');
  const packs = (await holdfast.tool('find', [data, '-type', 'f', '-size', '+1M'])).trim().split('\n');
  const pack = packs[0] ?? '';
  await chmod(pack, 0o600);
  const file = await open(pack, 'r+');
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, 500_000);
  await file.write(Buffer.from([(buffer[0] ?? 0) ^ 0xff]), 0, 1, 500_000);
  await file.close();
  const { exitCode, run } = await maintain('check', '--read-data');
  expect({ exitCode, outcome: run.outcome }).toEqual({ exitCode: 1, outcome: 'failed' });
  expect(run.failure).toMatchObject({ type: 'RepositoryDamaged', phase: 'checkRepository' });
  expect(run.failure?.message).toContain(pack.split('/').at(-1)?.slice(0, 8));
  expect(run.failure?.message).toContain(`${backup.snapshot_id?.slice(0, 8)} (plan tracker, host test-host`);
  expect(run.failure?.message).toContain('restic repair packs');
  expect(run.phases.find(({ name }) => name === 'checkRepository')?.attempts).toBe(1);
  expect(await readFile(join(holdfast.directory, 'told.json'), 'utf8')).toContain(
    'Check of repository main on test-host: failed.',
  );
  await holdfast.recordHistory(run.workflow_id, 'check-failed');
}, 240_000);

test('the part in which a check found damage keeps its turn', async () => {
  const outcomes: string[] = [];
  for (let turn = 0; turn < 4; turn++) {
    const { run } = await maintain('check');
    outcomes.push(`${run.outcome} ${run.data_read ?? ''}`.trim());
  }
  // One of three parts holds the damaged pack: the checks come to it in three turns at the latest, and stay there.
  expect(outcomes.slice(2)).toEqual(['failed', 'failed']);
  expect(new Set(outcomes.filter((outcome) => outcome !== 'failed')).size).toBe(outcomes.indexOf('failed'));
}, 240_000);
