import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { ACTIVITY_INPUTS } from '../../activities/input/schemas.ts';
import { WORKFLOWS } from '../../contract/names.ts';
import { hostileInputs, odd, Trespasser } from '../support/trespasser.ts';

let trespasser: Trespasser;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  trespasser = await Trespasser.create();
});

afterAll(() => trespasser.stop());

test('input that names nothing is refused by every workflow, and nothing is touched', async () => {
  const before = await trespasser.look();
  const workflows = Object.values(WORKFLOWS).filter((name) => name !== 'examineHost');
  const cases = workflows.flatMap((workflow) => hostileInputs(workflow).map((input) => [workflow, input] as const));
  expect(odd(await trespasser.startAll(cases))).toEqual([]);
  expect(await trespasser.look()).toEqual(before);
});

test('what a restore, a drill or a list is asked for is judged before restic is', async () => {
  const before = await trespasser.look();
  const snapshot = ['--help', '-r/tmp', 'latest:/etc', 'abc/../..', 'a b', '$(id)', '\n', '', 1, ['latest']];
  const only = [
    'sqlite/tracker',
    [],
    [''],
    ['--help'],
    ['../etc'],
    ['sqlite/../../etc'],
    ['sqlite/tracker/..'],
    [1],
    ['files/\n'],
  ];
  const paths = ['/etc/passwd', '../x', 'files/../../x', 'files/\0', 'x'.repeat(5_000), 1];
  const at = ['yesterday', '--help', '2026-99-99', '2026-11-01; rm', 1];
  const into = ['mysql', 'information_schema', 'SYS', 'a\nb', 'x'.repeat(65), ''];
  const plan = 'tracker';
  const cases: [string, unknown][] = [
    ...snapshot.flatMap((value): [string, unknown][] => [
      ['restore', { plan, snapshot: value }],
      ['verifyRestore', { plan, snapshot: value }],
      ['listFiles', { plan, snapshot: value }],
    ]),
    ...only.map((value): [string, unknown] => ['restore', { plan, only: value }]),
    ...only.slice(1).map((value): [string, unknown] => ['previewRestore', { plan, load: value, confirmed: true }]),
    ...paths.flatMap((value): [string, unknown][] => [
      ['restore', { plan, file: value }],
      ['listFiles', { plan, path: value }],
    ]),
    ...at.map((value): [string, unknown] => ['previewRestore', { plan, at: value }]),
    ...into.map((value): [string, unknown] => ['restore', { plan, load: 'mysql/tracker', into: value, confirmed: true }]),
    ['backup', { plan, when_busy: 'kill' }],
    ['check', { repository: 'main', read_data: 'yes' }],
    ['unlockRepository', { repository: 'main', confirmed: 'yes' }],
    ['restore', { plan, from: 'archive', snapshot: '../../../etc/passwd' }],
  ];
  expect(odd(await trespasser.startAll(cases))).toEqual([]);
  expect(await trespasser.look()).toEqual(before);
});

test('whatever the workflow id is, it names no path', async () => {
  const ids = ['../../../../tmp/owned', '--help', '$(touch owned)', 'a\nb\u001B[31m', `/etc/${'x'.repeat(900)}`, '👻/..', '.'];
  const before = await trespasser.look();
  for (const id of ids) {
    expect(await trespasser.start('backup', { plan: 'tracker' }, `${id}1`)).toMatchObject({ type: 'none' });
    const restored = await trespasser.start('restore', { plan: 'tracker', only: ['files/config'] }, `${id}2`);
    expect(restored).toMatchObject({ type: 'none' });
  }
  expect(await trespasser.start('verifyRestore', { plan: 'tracker' }, ids[0])).toMatchObject({ type: 'none' });
  const created = (await trespasser.look()).files.filter((file) => !before.files.includes(file));
  const tops = new Set(created.map((file) => file.split('/').slice(0, 2).join('/')).filter((file) => !file.startsWith('state/')));
  for (const top of tops) {
    expect(top).toMatch(/^(restore|archives)(\/tracker-\d{8}T\d{6}Z-[0-9a-f]{8}(\.tar\.zst)?)?$/);
  }
  expect(created.filter((file) => /owned|help|👻|xxx/u.test(file))).toEqual([]);
  expect(await readdir(join(trespasser.holdfast.directory, 'staging'))).toEqual([]);
});

const RUN = { plan: 'tracker', workflowId: 'w', runId: randomUUID(), startedAt: '2026-11-23T03:00:00.000Z' };
const RECORD = { ...RUN, host: 'test-host', outcome: 'succeeded', phases: [], warnings: [] };

test('an activity that nobody but its caller asked for is refused, whatever it is', async () => {
  const before = await trespasser.look();
  const refusals = await Promise.all(
    Object.keys(ACTIVITY_INPUTS).map((activity) =>
      trespasser.runActivity(activity, activity.startsWith('report') ? { record: RECORD } : { run: RUN }),
    ),
  );
  expect(odd(refusals)).toEqual([]);
  expect(await trespasser.look()).toEqual(before);
});

test("a workflow of somebody else's may not act for a run of ours, nor name a path", async () => {
  const before = await trespasser.look();
  const ofPlan = (workflowId: string) => ({ ...RUN, workflowId });
  const from = (origin: object, more: object = {}) => {
    return (workflowId: string) => ({ run: ofPlan(workflowId), origin, sources: [], ...more });
  };
  const drill = { checks: [] };
  const tried: [activity: string, input: (workflowId: string) => unknown][] = [
    ['cleanUpStage', (id) => ({ run: { ...ofPlan(id), plan: 1 } })],
    ['openRun', (id) => ({ ...ofPlan(id), runId: '../../../../tmp/owned', input: { plan: 'tracker' } })],
    ['openRun', () => undefined],
    ['writeArchive', (id) => ({ run: { ...ofPlan(id), startedAt: '../../../tmp/owned' } })],
    ['reportDrill', (id) => ({ record: { ...RECORD, ...ofPlan(id), startedAt: '/../../../../tmp/owned', drill } })],
    ['reportRun', () => ({ record: RECORD })],
    ['reportDrill', () => ({ record: { ...RECORD, drill } })],
    ['closeRestore', () => ({ run: RUN, isKept: false })],
    ['putBack', (id) => ({ run: ofPlan(id), source: '../../etc' })],
    ['loadDump', (id) => ({ run: ofPlan(id), source: 'mysql/tracker', into: 'mysql' })],
    ['fetchTree', from({ from: 'repository', id: '--help' })],
    ['fetchTree', from({ from: 'archive', name: '../x' })],
    ['fetchTree', from({ from: 'repository', id: trespasser.snapshots.tracker }, { file: '../x' })],
    ['restoreForDrill', (id) => ({ run: ofPlan(id), snapshotId: 'latest' })],
    ['openMaintenance', () => ({ task: '__proto__', startedAt: RUN.startedAt, input: {} })],
    ['pruneRepository', () => ({ repository: '/srv' })],
    ['notify', () => ({ record: {}, notification: 0 })],
  ];
  await trespasser.withRogueWorkflows(async (ask) => {
    expect(await ask('stranger', 'examineHost', () => undefined)).toMatch(/^ConfigInvalid: /);
    for (const [activity, input] of tried) {
      expect([activity, await ask('backup', activity, input)]).toEqual([activity, expect.stringMatching(/^ConfigInvalid: /)]);
    }
  });
  expect(await trespasser.look()).toEqual(before);
});
