import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import type { RunRecord } from '../../contract/backup.ts';
import { Holdfast, renderConfiguration } from '../support/holdfast.ts';
import { ScheduleBench } from '../support/schedule-bench.ts';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server.ts';
import { createTrackerDatabase } from '../support/tracker-database.ts';
import { WorkerProcess } from '../support/worker-process.ts';

const INTERVAL_MS = 12_000;
const OUTAGE_MS = 3 * INTERVAL_MS + 2_000;

const SCHEDULES = {
  skipping: 'catch_up_within: 12h',
  strict: 'catch_up_within: 10s',
  buffering: 'catch_up_within: 12h, overlap: buffer_one',
  other: 'catch_up_within: 12h',
} as const;

let slots = 1;

function render(directory: string): string {
  const sources = `sqlite:\n  main: { path: ${directory}/data/tracker.db }`;
  const plans = Object.entries(SCHEDULES).map(
    ([name, schedule]) =>
      `  ${name}:\n    repository: main\n    schedule: { cron: "0 3 * * *", ${schedule} }\n    sources:\n` +
      sources.replace(/^(?=.)/gm, '      '),
  );
  return `max_parallel_runs: ${slots}\n${renderConfiguration(directory, { sources })}${plans.join('\n')}\n`;
}

let place: string;
let server: TemporalServer;
let connection: Connection;
let client: Client;
let product: Holdfast;
let bench: ScheduleBench;
let worker: WorkerProcess;

/** A host with so many slots, its worker and its schedules, on a server whose history outlives it. */
async function prepare(wanted: number): Promise<void> {
  slots = wanted;
  product = await Holdfast.create(render);
  product.environment['TEMPORAL_ADDRESS'] = server.address;
  client = new Client({ connection });
  bench = new ScheduleBench(product, client);
  await createTrackerDatabase(join(product.directory, 'data/tracker.db'), { journalMode: 'wal', bytes: 5_000_000 });
  await product.restic('init');
  expect(await product.cli('apply')).toMatchObject({ exitCode: 0 });
  worker = await WorkerProcess.ready(product);
}

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'holdfast-server-'));
  server = await startTemporalServer({ databaseFile: join(place, 'temporal.db') });
  connection = await Connection.connect({ address: server.address });
}, 120_000);

afterEach(async () => {
  await worker.stop();
  await connection.close();
  await server.stop();
  await product.stop();
  await rm(place, { recursive: true, force: true });
});

/** Takes the server away over several starts of these schedules; returns the runs that were due meanwhile, by plan. */
async function outage(plans: readonly string[]): Promise<Record<string, RunRecord[]>> {
  const port = Number(server.address.split(':')[1]);
  await bench.quicken(plans, INTERVAL_MS);
  for (const plan of plans) await bench.until(plan, ({ numActionsTaken }) => numActionsTaken > 0);
  // A run in progress would have what is due during the outage left out for its sake.
  for (const plan of plans) await bench.untilIdle(plan);
  await server.stop();
  const downAt = Date.now();
  await sleep(OUTAGE_MS);
  server = await startTemporalServer({ databaseFile: join(place, 'temporal.db'), port });
  const upAt = Date.now();
  // Time for what is to be made up for, and for one or two more that are on time; then for the list of runs to have them.
  await sleep(INTERVAL_MS);
  await patiently(() => bench.quieten(plans));
  await sleep(3_000);
  const runs = await Promise.all(plans.map(async (plan) => [plan, await patiently(() => bench.runs(plan))] as const));
  const isOfOutage = ({ dueAt = '' }: RunRecord) => Date.parse(dueAt) > downAt && Date.parse(dueAt) < upAt;
  return Object.fromEntries(runs.map(([plan, all]) => [plan, all.filter(isOfOutage)]));
}

/** A server that has just come back refuses one or the other question. */
async function patiently<Result>(ask: () => Promise<Result>): Promise<Result> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (attempt > 20) throw error;
      await sleep(500);
    }
  }
}

test('after an outage of the server over several starts there is one run, two where one is buffered, and none beyond catch_up_within', async () => {
  await prepare(3);
  const plans = ['skipping', 'strict', 'buffering'];
  const { skipping = [], strict = [], buffering = [] } = await outage(plans);
  const missed = async (plan: string) => (await bench.describe(plan)).info.numActionsMissedCatchupWindow;
  process.stdout.write(
    `made up for: skip ${skipping.length}, buffer_one ${buffering.length}, within 10 s ${strict.length}; ` +
      `missed: ${await missed('skipping')}, ${await missed('buffering')}, ${await missed('strict')}\n`,
  );
  expect(skipping).toMatchObject([{ outcome: 'succeeded' }]);
  expect(await missed('skipping')).toBe(0);
  expect(buffering.length).toBeLessThanOrEqual(2);
  expect(strict.length).toBeLessThanOrEqual(1);
  expect(await missed('strict')).toBeGreaterThanOrEqual(2);
  expect((await product.cli('status')).stdout).toMatch(/strict[^]*missed +\d runs? due while Temporal was away/);
}, 300_000);

test('a run that waits for its turn keeps its place when the worker is killed', async () => {
  await prepare(1);
  const held = await bench.holdSlot();
  const first = product.backup('skipping');
  await untilWaiting(1);
  const second = product.backup('other');
  await untilWaiting(2);
  await worker.stop('SIGKILL');
  worker = await WorkerProcess.ready(product);
  await held.giveBack();
  const [{ run: one }, { run: two }] = await Promise.all([first, second]);
  expect([one.outcome, two.outcome]).toEqual(['succeeded', 'succeeded']);
  expect(Date.parse(one.started_at)).toBeLessThan(Date.parse(two.started_at));
}, 300_000);

test('with two slots two runs are at work side by side, and a third waits', async () => {
  await prepare(2);
  const held = await bench.holdSlot();
  const [one, two] = await Promise.all([product.backup('skipping'), product.backup('other')]);
  expect([one.run.outcome, two.run.outcome]).toEqual(['succeeded', 'succeeded']);
  const waited = [one, two].map(({ run }) => run.waited_for_turn_ms);
  expect(waited.filter((waitedMs) => waitedMs === null)).toHaveLength(1);
  await held.giveBack();
}, 300_000);

test('a drill waits for the backups of its host, and no backup waits for a drill', async () => {
  await prepare(1);
  await product.backup('skipping');
  const held = await bench.holdSlot();
  const drill = product.cli('verify', 'skipping', '--json');
  await untilStarted('verifyRestore');
  await sleep(2_000);
  await held.giveBack();
  const { exitCode, stderr, stdout } = await drill;
  expect(stderr).toContain(`awaitTurn: waiting for plan held (run ${held.workflowId})`);
  expect({ exitCode, outcome: (JSON.parse(stdout) as { outcome: string }).outcome }).toEqual({ exitCode: 0, outcome: 'pass' });

  const drills = ['skipping', 'skipping'].map(() => product.cli('verify', 'skipping', '--json', '--wait'));
  const { run } = await product.backup('other');
  expect(run).toMatchObject({ outcome: 'succeeded', waited_for_turn_ms: null });
  await Promise.all(drills);
}, 300_000);

async function untilWaiting(count: number): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (((await product.cli('status')).stdout.match(/awaitTurn waiting for/g) ?? []).length < count) {
    if (Date.now() > deadline) throw new Error(`there are not ${count} runs that wait`);
  }
}

async function untilStarted(type: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const { count } = await client.workflow.count(`WorkflowType = "${type}" AND ExecutionStatus = "Running"`);
    if (count > 0) return;
    await sleep(200);
  }
  throw new Error(`no ${type} was started`);
}
