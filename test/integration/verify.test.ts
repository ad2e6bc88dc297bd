import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { DrillDocument } from '../../contract/drill-document.ts';
import { complaints, DrillSubject } from '../support/drill-subject.ts';

let subject: DrillSubject;

beforeAll(async () => {
  subject = await DrillSubject.create();
}, 180_000);

afterAll(() => subject.dispose(), 60_000);

test('a drill of a good backup passes, says how long the restore took, and leaves evidence that is what it prints', async () => {
  const { exitCode, drill } = await subject.verify('tracker');
  expect(complaints(drill)).toEqual({});
  expect({ exitCode, outcome: drill.outcome, snapshot: drill.snapshot_id }).toEqual({
    exitCode: 0,
    outcome: 'pass',
    snapshot: subject.good,
  });
  expect(drill.checks.map(({ name }) => name)).toEqual([
    'restore',
    'files',
    'required file files/config/etc/tracker.toml',
    'required file sqlite/tracker.db',
    'sqlite/tracker integrity_check',
    'sqlite/tracker foreign_key_check',
    'sqlite/tracker rows',
    'sqlite/tracker user_version',
    'sqlite/tracker application_id',
    'sqlite/tracker query: SELECT count(*) FROM torrents',
    'mysql/shop completion line',
    'mysql/shop load',
    'mysql/shop rows',
    'mysql/shop views',
    'mysql/shop triggers',
    'mysql/shop routines',
    'mysql/shop events',
    'mysql/shop query: SELECT name FROM items WHERE id = 1',
    'mysql/shop query: SELECT max(name) FROM items',
    expect.stringMatching(/^archive tracker-/),
  ]);
  expect(drill.restore_ms).toBeGreaterThan(0);
  expect(drill.snapshot_age_ms).toBeGreaterThan(0);
  await subject.holdfast.recordHistory(drill.workflow_id, 'verify-succeeded');

  const evidence = drill.evidence_path ?? '';
  expect(JSON.parse(await readFile(evidence, 'utf8'))).toEqual(drill);
  expect((await stat(evidence)).mode & 0o777).toBe(0o600);
  const page = await readFile(evidence.replace(/json$/, 'md'), 'utf8');
  expect(page).toContain('# Drill of tracker on test-host passed');
  for (const { name } of drill.checks) expect(page).toContain(name);
  expect(await subject.remains()).toEqual({ names: [], servers: [] });
}, 120_000);

test('the Web UI, status, metrics and the state directory tell of the last drill', async () => {
  const { drill } = await subject.verify('tracker');
  const metadata = await subject.holdfast.tool('temporal', [
    'workflow',
    'metadata',
    '-w',
    drill.workflow_id,
    '--address',
    subject.holdfast.address,
  ]);
  expect(metadata).toContain('sqlite/tracker integrity_check');
  const status = JSON.parse((await subject.holdfast.cli('status', '--json')).stdout) as {
    plans: { plan: string; last_drill: unknown }[];
  };
  expect(status.plans.find(({ plan }) => plan === 'tracker')?.last_drill).toEqual(drill);
  expect((await subject.holdfast.cli('status')).stdout).toMatch(/last drill +pass, .* restored in /);
  const metrics = await (await fetch(`http://127.0.0.1:${subject.holdfast.metricsPort}/metrics`)).text();
  expect(metrics).toMatch(/holdfast_drills_total\{.*outcome="pass".*\} 2/);
  expect(metrics).toMatch(/holdfast_last_drill_timestamp_seconds\{.*plan="tracker".*\} 1\d{9}/);
  expect(metrics).toMatch(/holdfast_last_restore_seconds\{.*plan="tracker".*\} \d/);
  const proven: unknown = JSON.parse(await readFile(join(subject.holdfast.directory, 'state/plans/tracker/proven.json'), 'utf8'));
  expect(proven).toEqual([subject.good]);
  const schedule = await subject.holdfast.tool('temporal', [
    'schedule',
    'describe',
    '-s',
    'holdfast/test-host/tracker/verify',
    '--address',
    subject.holdfast.address,
    '--output',
    'json',
  ]);
  expect(schedule).toContain('verifyRestore');
}, 120_000);

test('a snapshot that is not there is refused, and a plan without snapshots fails', async () => {
  const absent = await subject.verify('tracker', '--snapshot', 'abcdef012345');
  expect(absent).toMatchObject({ exitCode: 2, drill: { failure: { type: 'ConfigInvalid' } } });
  const odd = await subject.verify('tracker', '--snapshot', '--help');
  expect(odd.exitCode).toBe(2);
});

test('a cancelled drill ends its server, removes its scratch directory and leaves no evidence', async () => {
  const evidence = join(subject.holdfast.directory, 'state/evidence/tracker');
  const before = await readdir(evidence);
  const started = await subject.holdfast.cli('verify', 'tracker', '--detach', '--json');
  const { workflow_id: workflowId } = JSON.parse(started.stdout) as DrillDocument;
  await untilServer('--skip-networking');
  await subject.holdfast.withClient(async (client) => {
    const handle = client.workflow.getHandle(workflowId);
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow();
    expect((await handle.describe()).status.name).toBe('CANCELLED');
  });
  await subject.holdfast.recordHistory(workflowId, 'verify-cancelled');
  expect(await subject.remains()).toEqual({ names: [], servers: [] });
  expect(await readdir(evidence)).toEqual(before);
}, 120_000);

async function untilServer(argument: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while ((await subject.scratchServers(argument)).length === 0) {
    if (Date.now() > deadline) throw new Error(`no scratch server with ${argument}`);
    await sleep(20);
  }
}

test.each([
  ['its server is initialised', '--datadir'],
  ['its server runs', '--skip-networking'],
])(
  'a worker killed while %s leaves no server and no scratch directory after its restart, and the drill completes',
  async (_when, argument) => {
    const started = await subject.holdfast.cli('verify', 'tracker', '--detach', '--json');
    const { workflow_id: workflowId } = JSON.parse(started.stdout) as DrillDocument;
    await untilServer(argument);
    await subject.holdfast.down('SIGKILL');
    await sleep(500);
    expect(await subject.scratchServers('--skip-networking')).toEqual([]);
    await subject.holdfast.up();
    await subject.holdfast.withClient(async (client) => {
      const result: unknown = await client.workflow.getHandle(workflowId).result();
      expect(result).toMatchObject({ outcome: 'succeeded', drill: { evidencePath: expect.any(String) } });
    });
    expect(await subject.remains()).toEqual({ names: [], servers: [] });
  },
  180_000,
);
