import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Holdfast, renderConfiguration } from '../support/holdfast.ts';
import { HookedService, until } from '../support/hooked-service.ts';

let holdfast: Holdfast;
let service: HookedService;

beforeAll(async () => {
  holdfast = await Holdfast.create(() => '');
  service = new HookedService(join(holdfast.directory, 'service'));
  await service.install();
  await holdfast.configure((directory) => {
    const sqlite = `sqlite:\n  tracker: { path: ${directory}/data/tracker.db }`;
    const broken = `  broken:
    repository: main
    sources:
      files: { gone: { base: ${directory}/data, paths: [gone] } }
    ${service.hooks().replaceAll('\n', '\n    ')}`;
    const away = broken.replace('broken', 'away').replace('main', 'nowhere');
    const repository = `  nowhere: { location: ${directory}/nowhere, password: { env: RESTIC_SECRET } }`;
    const base = renderConfiguration(directory, { sources: sqlite, extra: service.hooks() });
    return `${base.replace('plans:\n', `${repository}\nplans:\n`)}${broken}\n${away}\n`;
  });
  await service.prepareBackups(holdfast);
  await holdfast.up();
}, 120_000);

afterAll(async () => {
  await service.remove();
  await holdfast.stop();
});

beforeEach(async () => {
  await service.start();
  await service.takeCalls();
});

afterEach(() => service.remove());

const hasJournal = async () => (await readdir(join(holdfast.directory, 'state/plans/tracker'))).includes('hooks.json');
const journalPath = () => join(holdfast.directory, 'state/plans/tracker/hooks.json');

async function verbs(): Promise<string[]> {
  return (await service.takeCalls()).map(({ verb }) => verb);
}

async function startRun(workflowId: string, plan = 'tracker'): Promise<void> {
  await holdfast.withClient((client) =>
    client.workflow.start('backup', { workflowId, taskQueue: 'holdfast-test-host', args: [{ plan }] }),
  );
}

test('a service is stopped for the dumps alone, and runs again before anything is stored', async () => {
  const { exitCode, run } = await holdfast.backup('tracker');
  expect({ exitCode, warnings: run.warnings }).toEqual({ exitCode: 0, warnings: [] });
  expect(await service.isRunning()).toBe(true);
  const calls = await service.takeCalls();
  const of = { plan: 'tracker', runId: run.run_id, secret: 'no-secret' };
  expect(calls).toEqual([
    { verb: 'state', hook: 'state', ...of, at: expect.any(Number) },
    { verb: 'stop', hook: 'before_dump', ...of, at: expect.any(Number) },
    { verb: 'start', hook: 'after_dump', ...of, at: expect.any(Number) },
    { verb: 'state', hook: 'state', ...of, at: expect.any(Number) },
  ]);
  expect(run.phases.map(({ name }) => name).slice(0, 6)).toEqual([
    'openRun',
    'probeRepository',
    'beforeDump',
    'dumpSqlite sqlite/tracker',
    'afterDump',
    'sealStage',
  ]);
  expect(await hasJournal()).toBe(false);
  await holdfast.recordHistory(run.workflow_id, 'backup-hooks-probed');
});

test('a service that was stopped before stays stopped, and the run says so', async () => {
  await service.stop();
  const { run } = await holdfast.backup('tracker');
  expect(run).toMatchObject({ outcome: 'succeeded', warnings: [expect.stringContaining('stopped already')] });
  expect(await service.isRunning()).toBe(false);
  expect(await verbs()).toEqual(['state']);
});

test('a dump that fails leaves the service running', async () => {
  const { run } = await holdfast.backup('broken');
  expect(run.failure).toMatchObject({ type: 'SourceMissing', phase: 'stageFiles files/gone' });
  expect(await service.isRunning()).toBe(true);
  expect(await verbs()).toEqual(['state', 'stop', 'start', 'state']);
  await holdfast.recordHistory(run.workflow_id, 'backup-hooks-failed');
});

test('nothing is stopped for a run whose repository cannot be opened', async () => {
  const { run } = await holdfast.backup('away');
  expect(run.failure).toMatchObject({ type: 'RepositoryMissing', phase: 'probeRepository' });
  expect(await verbs()).toEqual([]);
  await holdfast.recordHistory(run.workflow_id, 'backup-hooks-refused');
});

test('a cancelled run starts the service before it ends', async () => {
  await service.hold('dump');
  await startRun('cancelled');
  await service.untilAt('dump');
  expect(await service.isRunning()).toBe(false);
  const journal = await readFile(journalPath(), 'utf8');
  expect(JSON.parse(journal)).toMatchObject({ plan: 'tracker', workflow_id: 'cancelled', before_dump: 'done' });
  expect((await stat(journalPath())).mode & 0o777).toBe(0o600);
  await holdfast.withClient(async (client) => {
    const handle = client.workflow.getHandle('cancelled');
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
  });
  expect(await service.isRunning()).toBe(true);
  await holdfast.recordHistory('cancelled', 'backup-hooks-cancelled');
}, 120_000);

test('after a terminate the worker starts the service by itself, and status and doctor tell while it cannot', async () => {
  await service.hold('dump');
  await service.fail('start', 1_000);
  await startRun('terminated');
  await service.untilAt('dump');
  const metrics = async () => (await fetch(`http://127.0.0.1:${holdfast.metricsPort}/metrics`)).text();
  await holdfast.withClient((client) => client.workflow.getHandle('terminated').terminate());
  await service.release('dump');
  await expect(untilTold()).resolves.toMatchObject({ exitCode: 1, stdout: expect.stringContaining('and after_dump fails') });
  const command = `${service.program} start`;
  const doctor = JSON.parse((await holdfast.cli('doctor', '--json')).stdout) as unknown;
  expect(JSON.stringify(doctor)).toContain(`Type: ${command}`);
  expect(await metrics()).toContain('holdfast_hooks_owed{plan="tracker"} 1');
  expect(holdfast.log).toContain(`To do it by hand: ${command}`);
  await service.fail('start', 0);
  await service.untilRunning(60_000);
  await until(async () => !(await hasJournal()), 'nothing is owed', 10_000);
}, 180_000);

async function untilTold(): Promise<{ exitCode: number; stdout: string }> {
  for (;;) {
    const status = await holdfast.cli('status');
    if (status.stdout.includes('STOPPED')) return status;
  }
}

test('a next run first settles what a run before it owes', async () => {
  await service.hold('dump');
  await startRun('first');
  await service.untilAt('dump');
  await holdfast.withClient((client) => client.workflow.getHandle('first').terminate());
  await service.release('dump');
  const { run } = await holdfast.backup('tracker');
  expect(run.outcome).toBe('succeeded');
  expect(await service.isRunning()).toBe(true);
  expect((await verbs()).join(' ')).toMatch(/^state stop start state state stop start state$/);
}, 120_000);
