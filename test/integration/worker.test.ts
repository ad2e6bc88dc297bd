import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { Holdfast, renderConfiguration } from '../support/holdfast.ts';
import { startTemporalServer } from '../support/temporal-server.ts';
import { createTrackerDatabase } from '../support/tracker-database.ts';

const render = (directory: string) =>
  renderConfiguration(directory, {
    sources: `sqlite:\n  tracker: { path: ${directory}/data/tracker.db }`,
    extra: `archive: { directory: ${directory}/archives }`,
  });

let holdfast: Holdfast | undefined;

afterEach(async () => {
  await holdfast?.stop();
  holdfast = undefined;
});

/** A product with a database of `bytes` and an empty repository, and nothing running. */
async function prepare(bytes: number): Promise<Holdfast> {
  holdfast = await Holdfast.create(render);
  await createTrackerDatabase(join(holdfast.directory, 'data/tracker.db'), { journalMode: 'wal', bytes });
  await holdfast.restic('init');
  return holdfast;
}

async function startRun(product: Holdfast, workflowId: string): Promise<void> {
  await product.withClient((client) =>
    client.workflow.start('backup', { workflowId, taskQueue: 'holdfast-test-host', args: [{ plan: 'tracker' }] }),
  );
}

async function expectOneSnapshot(product: Holdfast): Promise<void> {
  expect(JSON.parse(await product.restic('snapshots', '--json'))).toHaveLength(1);
  expect(await readdir(join(product.directory, 'archives'))).toHaveLength(1);
  expect(await readdir(join(product.directory, 'staging'))).toEqual([]);
}

test('a run whose worker and server are killed goes on when they are back, and makes one snapshot', async () => {
  const product = await prepare(60_000_000);
  await product.up();
  await startRun(product, 'killed');
  await sleep(2_500);
  await product.down('SIGKILL');
  await product.up();
  const result = await product.withClient((client) => client.workflow.getHandle('killed').result());
  expect(result).toMatchObject({ outcome: 'succeeded' });
  await expectOneSnapshot(product);
}, 180_000);

test('told to stop in the middle of a run it is gone in time, and the run goes on later', async () => {
  const product = await prepare(60_000_000);
  await product.up();
  await startRun(product, 'drained');
  await sleep(1_500);
  const started = Date.now();
  expect(await product.down('SIGTERM')).toBe(0);
  expect(Date.now() - started).toBeLessThan(45_000);
  await product.up();
  expect(await product.withClient((client) => client.workflow.getHandle('drained').result())).toMatchObject({
    outcome: 'succeeded',
  });
  await expectOneSnapshot(product);
}, 180_000);

test('health and metrics are served, and the last success is remembered over a restart', async () => {
  const product = await prepare(500_000);
  await product.up();
  const get = async (path: string) => (await fetch(`http://127.0.0.1:${product.metricsPort}${path}`)).text();
  expect(JSON.parse(await get('/healthz'))).toEqual({ status: 'ok', worker: 'RUNNING' });
  await product.backup('tracker');
  expect(await get('/metrics')).toContain('holdfast_runs_total{outcome="succeeded",plan="tracker"} 1');
  await product.down();
  await product.up();
  const metrics = await get('/metrics');
  expect(metrics).toMatch(/holdfast_last_success_timestamp_seconds\{plan="tracker"\} \d{10}/);
  expect(metrics).toContain('temporal_');
}, 120_000);

test('a bad configuration keeps it from starting, with all problems at once', async () => {
  const product = await prepare(500_000);
  await writeFile(join(product.directory, 'holdfast.yaml'), 'version: 1\nhost: x\nplan: {}\n');
  for (const command of ['up', 'worker']) {
    const result = await product.cli(command);
    expect(result.exitCode).toBe(2);
    for (const path of ['staging_directory', 'repositories', 'plan:']) expect(result.stderr).toContain(path);
  }
}, 60_000);

test('a second start on the same state directory is refused and says by whom; so is a port that is in use', async () => {
  const product = await prepare(500_000);
  await product.up();
  const second = await product.cli('up', '--port', '1', '--ui-port', '2');
  expect(second).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/another `holdfast up`.*\(pid \d+ on .+, since 2.+\) works with/),
  });
  await product.down();
  const blocker = createServer().listen(product.metricsPort, '127.0.0.1');
  await once(blocker, 'listening');
  const port = product.address.split(':')[1] ?? '';
  const args = ['--port', port, '--ui-port', String(product.uiPort), '--metrics-port', String(product.metricsPort)];
  const blocked = await product.cli('up', ...args);
  expect(blocked).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(`127.0.0.1:${product.metricsPort}`) });
  expect(blocked.stderr).toContain('--metrics-port');
  blocker.close();
}, 120_000);

test('a namespace in which the search attributes cannot be registered does not stop a backup', async () => {
  const product = await prepare(500_000);
  const server = await startTemporalServer();
  let worker: ChildProcess | undefined;
  try {
    product.environment['TEMPORAL_ADDRESS'] = server.address;
    const create = ['operator', 'search-attribute', 'create', '--address', server.address];
    await product.tool('temporal', [...create, '--name', 'HoldfastPlan', '--type', 'Int']);
    worker = spawn(process.execPath, ['dist/client/main.js', 'worker', '--metrics-port', String(product.metricsPort)], {
      env: product.environment,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let log = '';
    worker.stderr?.on('data', (chunk: Buffer) => {
      log += chunk.toString('utf8');
    });
    while (!/\bready\b/.test(log)) await sleep(100);
    expect(log).toContain('search attributes');
    const { run } = await product.backup('tracker');
    expect(run.outcome).toBe('succeeded');
    const history = JSON.parse((await product.cli('history', 'tracker', '--json')).stdout) as unknown[];
    expect(history).toHaveLength(1);
  } finally {
    if (worker !== undefined) {
      const closed = once(worker, 'close');
      worker.kill('SIGTERM');
      await closed;
    }
    await server.stop();
  }
}, 120_000);
