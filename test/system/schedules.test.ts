import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import type { RunRecord } from '../../contract/backup.ts';
import { Holdfast, renderConfiguration } from '../support/holdfast.ts';
import { ScheduleBench } from '../support/schedule-bench.ts';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server.ts';
import { createTrackerDatabase } from '../support/tracker-database.ts';
import { WorkerProcess } from '../support/worker-process.ts';

const INTERVAL_MS = 4_000;
/** Longer than the deadline of the plan `first`. */
const OUTAGE_MS = 17_000;

/** Plans of one host that are due at three each night; the tests let them be due more often. */
function render(directory: string): string {
  const sources = `sqlite:\n  main: { path: ${directory}/data/tracker.db }`;
  const plan = (name: string, schedule: string, deadline = '5m') =>
    `  ${name}:\n    repository: main\n    deadline: ${deadline}\n    schedule: { cron: "0 3 * * *", ${schedule} }\n` +
    `    archive: { directory: ${directory}/archives-${name} }\n    sources:\n${sources.replace(/^(?=.)/gm, '      ')}\n`;
  const base = renderConfiguration(directory, { sources });
  return `${base}${plan('first', 'catch_up_within: 12h', '15s')}${plan('second', 'catch_up_within: 12h')}${plan(
    'strict',
    'catch_up_within: 10s',
  )}${plan('buffering', 'overlap: buffer_one')}`;
}

let server: TemporalServer;
let connection: Connection;
let client: Client;
let product: Holdfast;
let bench: ScheduleBench;
let worker: WorkerProcess | undefined;

beforeAll(async () => {
  server = await startTemporalServer();
  product = await Holdfast.create(render);
  product.environment['TEMPORAL_ADDRESS'] = server.address;
  connection = await Connection.connect({ address: server.address });
  client = new Client({ connection });
  bench = new ScheduleBench(product, client);
  await createTrackerDatabase(join(product.directory, 'data/tracker.db'), { journalMode: 'wal', bytes: 5_000_000 });
  await product.restic('init');
  expect(await product.cli('apply')).toMatchObject({ exitCode: 0 });
}, 120_000);

afterAll(async () => {
  await worker?.stop();
  await connection.close();
  await server.stop();
  await product.stop();
});

interface StatusDocument {
  plans: {
    plan: string;
    last_run: { due_at: string; waited_for_worker_ms: number } | null;
    schedule: { skipped_overlap: number };
  }[];
}

async function statusOf(plan: string): Promise<StatusDocument['plans'][number] | undefined> {
  const { stdout } = await product.cli('status', '--json');
  return (JSON.parse(stdout) as StatusDocument).plans.find((each) => each.plan === plan);
}

function only(runs: RunRecord[]): RunRecord {
  expect(runs).toHaveLength(1);
  return runs[0] as RunRecord;
}

test('after an outage of the worker over several starts each plan has one run, within its catch-up time, one after the other', async () => {
  const plans = ['first', 'second', 'strict'];
  await bench.quicken(plans, INTERVAL_MS);
  for (const plan of plans) await bench.until(plan, ({ numActionsSkippedOverlap }) => numActionsSkippedOverlap >= 3);
  await sleep(OUTAGE_MS - 3 * INTERVAL_MS);
  await bench.quieten(plans);
  expect((await product.cli('status')).stdout).toMatch(/no worker polls[^]*waiting +for a worker, asked for at/);
  worker = await WorkerProcess.ready(product);

  const [first, second, strict] = (await Promise.all(plans.map(async (plan) => only(await bench.runs(plan))))) as [
    RunRecord,
    RunRecord,
    RunRecord,
  ];
  expect(second.outcome).toBe('succeeded');
  expect(strict).toMatchObject({ outcome: 'failed', failure: { type: 'RunMissed', phase: 'openRun' } });
  expect(strict.failure?.message).toMatch(/was due at .* nothing was begun\. Next it is due at .* holdfast backup strict$/);
  expect(await readdir(product.directory)).not.toContain('archives-strict');
  await expectWorkAfterOutage(first);
  await product.recordHistory(strict.workflowId, 'backup-missed');
  expectOneAfterTheOther(first, second);
}, 180_000);

/** Its deadline of 15 s was over before the worker came, and its data is of after that. */
async function expectWorkAfterOutage(run: RunRecord): Promise<void> {
  const { outcome, startedAt, dueAt = '', waitedForWorkerMs } = run;
  expect(outcome).toBe('succeeded');
  expect(waitedForWorkerMs).toBeGreaterThan(15_000);
  expect(Date.parse(startedAt) - Date.parse(dueAt)).toBeGreaterThan(15_000);
  const [archive] = await readdir(join(product.directory, `archives-${run.plan}`));
  expect(archive).toContain(`${run.plan}-${startedAt.replace(/\.\d+/, '').replaceAll(/[-:]/g, '')}-`);
  const status = await statusOf(run.plan);
  expect(status?.schedule.skipped_overlap).toBeGreaterThanOrEqual(3);
  expect(status?.last_run).toMatchObject({ due_at: dueAt, waited_for_worker_ms: waitedForWorkerMs });
}

function expectOneAfterTheOther(...runs: RunRecord[]): void {
  const [earlier, later] = runs.sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1)) as [RunRecord, RunRecord];
  // A slot is given back while the run is cleaned up, a moment before its end.
  expect(Date.parse(later.startedAt)).toBeGreaterThanOrEqual(Date.parse(earlier.finishedAt ?? '') - 2_000);
  expect(later.phases.map(({ name }) => name).slice(0, 3)).toEqual(['openRun', 'awaitTurn', 'openRun']);
}

test('a run by hand waits for its turn and says for whom; cancelled it ends at once and leaves what others have', async () => {
  worker ??= await WorkerProcess.ready(product);
  const held = await bench.holdSlot();
  const claims = () => readdir(join(product.directory, 'state/slots/1/claims'));
  const before = await claims();
  const command = product.cli('backup', 'first');
  await untilWaiting('first');
  const started = Date.now();
  const query = 'ExecutionStatus = "Running" AND WorkflowId STARTS_WITH "backup/test-host/first-manual"';
  for await (const { workflowId } of client.workflow.list({ query })) await client.workflow.getHandle(workflowId).cancel();
  const { exitCode, stderr } = await command;
  expect(exitCode).toBe(130);
  expect(Date.now() - started).toBeLessThan(15_000);
  expect(stderr).toContain(`awaitTurn: waiting for plan held (run ${held.workflowId})`);
  expect(await claims()).toEqual(before);
  expect(await readdir(join(product.directory, 'state/slots/queue'))).toEqual([]);

  const patient = product.backup('first');
  await untilWaiting('first');
  expect((await product.cli('status')).stdout).toContain(`awaitTurn waiting for plan held (run ${held.workflowId})`);
  await held.giveBack();
  const { run } = await patient;
  expect(run).toMatchObject({ outcome: 'succeeded', waited_for_turn_ms: expect.any(Number) });
  expect(run.phases.map(({ name }) => name).slice(0, 3)).toEqual(['openRun', 'awaitTurn', 'openRun']);
  await product.recordHistory(run.workflow_id, 'backup-waited');
}, 120_000);

test('a run that outlasts its interval leaves the next ones out, or has one of them follow, as its schedule says', async () => {
  const plans = ['second', 'buffering'];
  worker ??= await WorkerProcess.ready(product);
  const skippedBefore = (await bench.describe('second')).info.numActionsSkippedOverlap;
  const runsBefore = (await bench.runs('second')).length;
  const held = await bench.holdSlot();
  await bench.quicken(plans, 4_000);
  await bench.until('second', ({ numActionsSkippedOverlap }) => numActionsSkippedOverlap >= skippedBefore + 2);
  await bench.until('buffering', ({ numActionsSkippedOverlap }) => numActionsSkippedOverlap >= 1);
  await bench.quieten(plans);
  await held.giveBack();
  await bench.until('buffering', ({ numActionsTaken }) => numActionsTaken === 2);
  const buffered = await untilCount('buffering', 2);
  expect(buffered.map(({ outcome }) => outcome)).toEqual(['succeeded', 'succeeded']);
  const [first, follower] = buffered as [RunRecord, RunRecord];
  expect(Date.parse(follower.startedAt)).toBeGreaterThanOrEqual(Date.parse(first.finishedAt ?? ''));
  expect(await bench.runs('second')).toHaveLength(runsBefore + 1);
  expect(await product.cli('apply', '--dry-run')).toMatchObject({ exitCode: 2 });
}, 120_000);

async function untilWaiting(plan: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await product.cli('status')).stdout.includes('awaitTurn waiting for plan held')) {
    if (Date.now() > deadline) throw new Error(`the run of ${plan} does not wait`);
  }
}

async function untilCount(plan: string, count: number): Promise<RunRecord[]> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const runs = await bench.runs(plan);
    if (runs.length >= count) return runs;
    await sleep(200);
  }
  throw new Error(`${plan} has not come to ${count} runs`);
}
