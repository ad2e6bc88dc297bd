import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { Holdfast, renderConfiguration } from '../support/holdfast.ts';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server.ts';
import { createTrackerDatabase } from '../support/tracker-database.ts';
import { WorkerProcess } from '../support/worker-process.ts';

const render = (directory: string) =>
  renderConfiguration(directory, { sources: `sqlite:\n  tracker: { path: ${directory}/data/tracker.db }` });

/** Its own process numbers, as in a container; its files and its network are ours. */
const AS_A_CONTAINER = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child=KILL'];

let server: TemporalServer;
let product: Holdfast;
let workers: WorkerProcess[] = [];

beforeAll(async () => {
  server = await startTemporalServer();
  product = await Holdfast.create(render);
  product.environment['TEMPORAL_ADDRESS'] = server.address;
  await createTrackerDatabase(join(product.directory, 'data/tracker.db'), { journalMode: 'wal', bytes: 500_000 });
  await product.restic('init');
}, 120_000);

afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.stop('SIGKILL')));
  workers = [];
});

afterAll(async () => {
  await server.stop();
  await product.stop();
});

function start(...around: string[]): WorkerProcess {
  const worker = new WorkerProcess(product, around);
  workers.push(worker);
  return worker;
}

test('two containers on one state directory: the second is refused and says by whom, and the first goes on undisturbed', async () => {
  const first = start(...AS_A_CONTAINER);
  await first.until(/\bready\b/);
  const backup = product.backup('tracker');
  const second = start(...AS_A_CONTAINER);
  expect(await second.ended()).toBe(1);
  expect(second.log).toMatch(
    /another `holdfast up` or `holdfast worker` \(pid \d+ on .+, since 2.+\) works with the state_directory/,
  );
  expect((await backup).run.outcome).toBe('succeeded');
  expect(first.isRunning).toBe(true);
}, 120_000);

test('a worker that was killed holds nothing: the next one starts at once', async () => {
  const first = start();
  await first.until(/\bready\b/);
  await first.stop('SIGKILL');
  const second = start(...AS_A_CONTAINER);
  await second.until(/\bready\b/, 30_000);
}, 120_000);

test('a worker that drains is waited for', async () => {
  const first = start();
  await first.until(/\bready\b/);
  const command = product.cli('backup', 'tracker', '--detach');
  expect(await command).toMatchObject({ exitCode: 0 });
  const stopped = first.stop('SIGTERM');
  // The signal first, as a deploy has it.
  await sleep(300);
  const second = start();
  await second.until(/\bready\b/);
  expect(await stopped).toBe(0);
}, 120_000);
