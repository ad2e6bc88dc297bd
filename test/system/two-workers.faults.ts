import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Holdfast, renderConfiguration } from '../support/holdfast.ts';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server.ts';
import { createTrackerDatabase } from '../support/tracker-database.ts';
import { WorkerProcess } from '../support/worker-process.ts';

/** Longer than it takes to tell a rival from a predecessor: 75 s, and a minute until an idle worker polls anew. */
const WATCHED_FOR_MS = 160_000;

let server: TemporalServer;
/** Two machines with one `host:` in their configurations, one Temporal and one repository. */
let machines: [Holdfast, Holdfast];
let workers: WorkerProcess[] = [];

beforeEach(async () => {
  server = await startTemporalServer();
  const first = await Holdfast.create((directory) => render(directory, directory));
  const second = await Holdfast.create((directory) => render(directory, first.directory));
  machines = [first, second];
  for (const machine of machines) {
    machine.environment['TEMPORAL_ADDRESS'] = server.address;
    await createTrackerDatabase(join(machine.directory, 'data/tracker.db'), { journalMode: 'wal', bytes: 500_000 });
  }
  await first.restic('init');
}, 120_000);

afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.stop('SIGKILL')));
  workers = [];
  await server.stop();
  await Promise.all(machines.map((machine) => machine.stop()));
});

function render(directory: string, shared: string): string {
  const sources = `sqlite:\n  tracker: { path: ${directory}/data/tracker.db }`;
  return renderConfiguration(directory, { sources }).replace(`${directory}/repository`, `${shared}/repository`);
}

async function start(machine: Holdfast): Promise<WorkerProcess> {
  const worker = await WorkerProcess.ready(machine);
  workers.push(worker);
  return worker;
}

test('two machines with one host: the second says so and ends, the first stays, and each run makes one snapshot', async () => {
  const [first, second] = machines;
  const older = await start(first);
  const younger = await start(second);
  const startedAt = Date.now();
  const runs = await Promise.all([first.backup('tracker', '--wait'), first.backup('tracker', '--wait')]);
  expect(await younger.ended()).toBe(1);
  const tookMs = Date.now() - startedAt;
  expect(tookMs).toBeLessThan(WATCHED_FOR_MS);
  expect(younger.log).toMatch(
    new RegExp(`another worker polls the task queue holdfast-test-host: pid ${older.pid} on .*\`host:\` of its own`),
  );
  expect(older.isRunning).toBe(true);
  expect(older.log).not.toContain('another worker');
  runs.push(await first.backup('tracker'));
  expect(runs.map(({ run }) => run.outcome)).toEqual(['succeeded', 'succeeded', 'succeeded']);
  const snapshots = JSON.parse(await first.restic('snapshots', '--json')) as { id: string }[];
  expect(new Set(snapshots.map(({ id }) => id))).toEqual(new Set(runs.map(({ run }) => run.snapshot_id)));
  expect(snapshots).toHaveLength(runs.length);
  expect(await readdir(join(first.directory, 'staging'))).toEqual([]);
  process.stdout.write(`the second worker ended after ${Math.round(tookMs / 1000)} s\n`);
}, 400_000);

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'a successor that is started at once after a %s takes its predecessor for no rival',
  async (signal) => {
    const [first, second] = machines;
    const predecessor = await start(first);
    const ended = predecessor.stop(signal);
    const successor = await start(second);
    await ended;
    await sleep(WATCHED_FOR_MS);
    expect(successor.isRunning).toBe(true);
    expect(successor.log).not.toContain('another worker');
    expect((await second.backup('tracker')).run.outcome).toBe('succeeded');
  },
  400_000,
);
