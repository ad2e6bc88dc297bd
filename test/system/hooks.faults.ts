import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { RunRecord } from '../../contract/backup.ts';
import { Holdfast, renderConfiguration } from '../support/holdfast.ts';
import { type Call, HookedService, until } from '../support/hooked-service.ts';
import { startTemporalServer } from '../support/temporal-server.ts';

let holdfast: Holdfast;
let service: HookedService;

const render = (extra = '') => {
  return (directory: string) =>
    renderConfiguration(directory, {
      sources: `sqlite:\n  tracker: { path: ${directory}/data/tracker.db }`,
      extra: service.hooks(extra),
    });
};

beforeEach(async () => {
  holdfast = await Holdfast.create(() => '');
  service = new HookedService(join(holdfast.directory, 'service'));
  await service.install();
  await service.start();
  await holdfast.configure(render());
  await service.prepareBackups(holdfast);
}, 120_000);

afterEach(async () => {
  await service.remove();
  await holdfast.stop();
}, 120_000);

async function startRun(): Promise<void> {
  await holdfast.withClient((client) =>
    client.workflow.start('backup', { workflowId: 'run', taskQueue: 'holdfast-test-host', args: [{ plan: 'tracker' }] }),
  );
}

function result(): Promise<RunRecord> {
  return holdfast.withClient((client) => client.workflow.getHandle('run').result() as Promise<RunRecord>);
}

async function verbs(): Promise<string> {
  return (await service.takeCalls()).map(({ verb }) => verb).join(' ');
}

/** The run is over with one snapshot, and what it stopped runs. */
async function expectDone(): Promise<void> {
  expect(await result()).toMatchObject({ outcome: 'succeeded' });
  expect(await service.isRunning()).toBe(true);
  expect(JSON.parse(await holdfast.restic('snapshots', '--json'))).toHaveLength(1);
}

test('everything is killed while the service is stopped: the run goes on, and starts it', async () => {
  await holdfast.up();
  await service.hold('dump');
  await startRun();
  await service.untilAt('dump');
  await holdfast.down('SIGKILL');
  expect(await service.isRunning()).toBe(false);
  await service.release('dump');
  await holdfast.up();
  await expectDone();
  expect(await verbs()).toBe('state stop start state');
});

test('everything is killed in the middle of before_dump: it is repeated, without a question for the state', async () => {
  await holdfast.up();
  await service.hold('stop');
  await startRun();
  await service.untilAt('stop');
  await holdfast.down('SIGKILL');
  await service.release('stop');
  await holdfast.up();
  await expectDone();
  expect(await verbs()).toBe('state stop stop start state');
});

test('everything is killed in the middle of after_dump: it is repeated', async () => {
  await holdfast.up();
  await service.hold('start');
  await startRun();
  await service.untilAt('start');
  await holdfast.down('SIGKILL');
  expect(await service.isRunning()).toBe(false);
  await service.release('start');
  await holdfast.up();
  await expectDone();
  expect(await verbs()).toBe('state stop start start state');
});

test('a worker that is told to stop starts the service before it is gone; later the dumps are made anew', async () => {
  await holdfast.up();
  await service.hold('dump');
  await startRun();
  await service.untilAt('dump');
  expect(await holdfast.down('SIGTERM')).toBe(0);
  expect(await service.isRunning()).toBe(true);
  expect(await verbs()).toBe('state stop start state');
  await service.release('dump');
  await holdfast.up();
  await expectDone();
  expect(await verbs()).toBe('state stop start state');
  const { warnings, phases } = await result();
  expect(warnings).toEqual([expect.stringContaining('made anew')]);
  expect(phases.filter(({ name }) => name === 'beforeDump')).toHaveLength(2);
  await holdfast.recordHistory('run', 'backup-hooks-repeated');
});

test('an after_dump that fails twice holds the run up, and then it goes on', async () => {
  await holdfast.up();
  await service.fail('start', 2);
  await startRun();
  await expectDone();
  expect(await verbs()).toBe('state stop start start start state');
  const { phases } = await result();
  expect(phases.find(({ name }) => name === 'afterDump')).toMatchObject({ status: 'done', attempts: 3 });
});

test('dumps that take longer than max_stopped are cancelled, the service runs again, and the run fails by that', async () => {
  await holdfast.configure(render('  max_stopped: 10s'));
  await holdfast.up();
  await service.hold('dump');
  await startRun();
  await service.untilAt('dump');
  await service.untilRunning(20_000);
  await expect(result()).rejects.toMatchObject({ cause: { cause: { type: 'ProcessTimeout' } } });
  expect(JSON.parse(await holdfast.restic('snapshots', '--json'))).toHaveLength(0);
  await holdfast.recordHistory('run', 'backup-hooks-late');
});

test('a run that is cancelled in the middle of before_dump is undone twice, since what was begun may still go on', async () => {
  await holdfast.up();
  await service.hold('stop');
  await startRun();
  await service.untilAt('stop');
  await holdfast.withClient((client) => client.workflow.getHandle('run').cancel());
  await expect(result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
  expect(await verbs()).toBe('state stop start start state');
  expect(await service.isRunning()).toBe(true);
});

test('a plan that is gone from the configuration after a crash has its service started all the same', async () => {
  await holdfast.up();
  await service.hold('dump');
  await startRun();
  await service.untilAt('dump');
  await holdfast.down('SIGKILL');
  await holdfast.configure((directory) => render()(directory).replaceAll('tracker:\n    repository', 'renamed:\n    repository'));
  await holdfast.up();
  await service.untilRunning(30_000);
});

test('a Temporal that does not come up again after a crash does not keep the service stopped', async () => {
  await holdfast.up();
  await service.hold('dump');
  await startRun();
  await service.untilAt('dump');
  await holdfast.down('SIGKILL');
  const port = Number(holdfast.address.split(':')[1]);
  const blocker = await occupy(port);
  try {
    expect(await holdfast.cli('up', '--port', String(port), '--ui-port', String(holdfast.uiPort))).toMatchObject({ exitCode: 1 });
  } finally {
    blocker.close();
  }
  expect(await service.isRunning()).toBe(true);
  await service.release('dump');
  await holdfast.up();
  await expectDone();
});

test('a Temporal that is gone for good while the service is stopped: its worker starts it', async () => {
  const server = await startTemporalServer();
  holdfast.environment['TEMPORAL_ADDRESS'] = server.address;
  const worker = await startWorker();
  try {
    await service.hold('dump');
    expect((await holdfast.cli('backup', 'tracker', '--detach')).exitCode).toBe(0);
    await service.untilAt('dump');
    await server.stop();
    // The dump that is at work ends, and then nothing of the run is.
    await service.release('dump');
    await service.untilRunning(150_000);
    // It runs a moment before its state is asked for.
    const calls: Call[] = [];
    await until(async () => calls.push(...(await service.takeCalls())) >= 4, 'its state is asked for', 30_000);
    expect(calls.map(({ verb }) => verb).join(' ')).toBe('state stop start state');
  } finally {
    await end(worker);
  }
});

test('a worker that finds no Temporal after a crash starts the service before it gives up', async () => {
  const server = await startTemporalServer();
  holdfast.environment['TEMPORAL_ADDRESS'] = server.address;
  const worker = await startWorker();
  await service.hold('dump');
  expect((await holdfast.cli('backup', 'tracker', '--detach')).exitCode).toBe(0);
  await service.untilAt('dump');
  await Promise.all([end(worker, 'SIGKILL'), server.stop()]);
  expect(await service.isRunning()).toBe(false);
  const again = await holdfast.cli('worker', '--metrics-port', String(holdfast.metricsPort));
  expect(again.exitCode).not.toBe(0);
  expect(await service.isRunning()).toBe(true);
});

/** Takes a port as soon as the server that was killed has let go of it. */
async function occupy(port: number): Promise<Server> {
  for (;;) {
    const blocker = createServer().listen(port, '127.0.0.1');
    const isListening = await once(blocker, 'listening').then(
      () => true,
      () => false,
    );
    if (isListening) return blocker;
    await sleep(50);
  }
}

async function startWorker(): Promise<ChildProcess> {
  const args = ['dist/client/main.js', 'worker', '--metrics-port', String(holdfast.metricsPort)];
  const worker = spawn(process.execPath, args, { env: holdfast.environment, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  worker.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString('utf8');
  });
  await until(async () => /\bready\b/.test(log), 'the worker is ready', 60_000);
  return worker;
}

async function end(worker: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  const closed = once(worker, 'close');
  worker.kill(signal);
  await closed;
}
