import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { WORKFLOWS } from '../../contract/names.ts';
import { hostileInputs, odd, Trespasser } from '../support/trespasser.ts';

// The whole of what was tried: npm run test:faults -- input
const TIMEOUT_MS = 120_000;

let trespasser: Trespasser;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  trespasser = await Trespasser.create();
}, TIMEOUT_MS);

afterAll(() => trespasser.stop());

test(
  'input that names nothing is refused by every workflow at once, and nothing is touched',
  async () => {
    const before = await trespasser.look();
    const workflows = Object.values(WORKFLOWS).filter((name) => name !== 'examineHost');
    const cases = workflows.flatMap((workflow, position) =>
      hostileInputs(workflow)
        .filter((_, index) => index % workflows.length === position)
        .map((input) => [workflow, input] as const),
    );
    expect(odd(await trespasser.startAll(cases))).toEqual([]);
    expect(await trespasser.look()).toEqual(before);
  },
  TIMEOUT_MS,
);

test(
  "what looks like an option or a path, and another plan's snapshot, is not restored, drilled or listed",
  async () => {
    const before = await trespasser.look();
    const plan = 'tracker';
    const { other, otherHost } = trespasser.snapshots;
    const cases = [
      ['restore', { plan, snapshot: '--help' }],
      ['verifyRestore', { plan, snapshot: 'latest:/etc' }],
      ['listFiles', { plan, path: '../x' }],
      ['restore', { plan, only: ['sqlite/../../etc'] }],
      ['previewRestore', { plan, at: '--help' }],
      ['previewRestore', { plan, load: 'mysql/tracker', into: 'mysql', confirmed: true }],
      ['restore', { plan, snapshot: other }],
      ['verifyRestore', { plan, snapshot: otherHost }],
      ['listFiles', { plan, snapshot: other }],
    ] as const;
    expect(odd(await trespasser.startAll(cases))).toEqual([]);
    const after = await trespasser.look();
    expect(after.started.filter((line) => / (restore|ls) /.test(line))).toEqual([]);
    // That a drill of the foreign snapshot was asked for is known from its claim alone.
    const isClaim = (file: string) => file.startsWith('state/plans/tracker/drill');
    expect(after.files.filter((file) => !isClaim(file))).toEqual(before.files);
  },
  TIMEOUT_MS,
);

test(
  'whatever the workflow id is, it names no path',
  async () => {
    const id = '../../../../tmp/owned --help $(touch owned)\n\u001B[31m👻/..';
    expect(await trespasser.start('backup', { plan: 'tracker' }, id)).toMatchObject({ type: 'none' });
    expect(await trespasser.start('restore', { plan: 'tracker', only: ['files/config'] }, id)).toMatchObject({ type: 'none' });
    // Refused, a restore takes its id for its plan: that is too long for a name of a file.
    expect(odd([await trespasser.start('restore', {}, `/etc/${'x'.repeat(900)}`)])).toEqual([]);
    const { files } = await trespasser.look();
    expect(files.filter((file) => /owned|help|👻|xxx/u.test(file))).toEqual([]);
    expect(files.filter((file) => /^restore\/[^/]+$/.test(file))).toEqual([
      expect.stringMatching(/^restore\/tracker-\d{8}T\d{6}Z-[0-9a-f]{8}$/),
    ]);
  },
  TIMEOUT_MS,
);

test(
  'a snapshot that leads out of its tree is not put back, and nothing outside is read or written',
  async () => {
    const { directory } = trespasser.holdfast;
    const outside = join(directory, 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'app.toml'), 'a = 1\n');
    const linked = await trespasser.craft(async (tree) => {
      await rm(join(tree, 'files/config'), { recursive: true });
      await symlink(outside, join(tree, 'files/config'));
    });
    const upwards = await trespasser.craft(async (tree) => {
      const path = join(tree, 'manifest.json');
      const text = await readFile(path, 'utf8');
      await writeFile(path, text.replaceAll('files/config/app.toml', 'files/config/../../../../outside/owned'));
    });
    const input = { plan: 'tracker', only: ['files/config'], in_place: true, confirmed: true };
    // It ends as partial: what was fetched is kept to be looked at.
    expect(await trespasser.start('restore', { ...input, snapshot: linked })).toMatchObject({ type: 'none' });
    expect(await trespasser.start('restore', { ...input, snapshot: upwards })).toMatchObject({ type: 'DumpRejected' });
    expect((await readdir(join(directory, 'data'))).filter((name) => name.startsWith('app.toml'))).toEqual(['app.toml']);
    expect(await readdir(outside)).toEqual(['app.toml']);
    for (const snapshot of [linked, upwards]) {
      expect(await trespasser.start('verifyRestore', { plan: 'tracker', snapshot })).toMatchObject({ type: 'DrillFailed' });
    }
  },
  TIMEOUT_MS,
);

test(
  "neither an activity by itself nor a workflow of somebody else's has anything done",
  async () => {
    const before = await trespasser.look();
    const startedAt = '2026-11-23T03:00:00.000Z';
    const foreign = { plan: 'tracker', workflowId: 'w', runId: randomUUID(), startedAt };
    const alone = await Promise.all(
      ['createSnapshot', 'examineHost'].map((activity) => trespasser.runActivity(activity, { run: foreign })),
    );
    expect(odd(alone)).toEqual([]);
    await trespasser.withRogueWorkflows(async (ask) => {
      const refused = expect.stringMatching(/^ConfigInvalid: /);
      expect(await ask('stranger', 'examineHost', () => undefined)).toEqual(refused);
      expect(await ask('backup', 'closeRestore', () => ({ run: foreign, isKept: false }))).toEqual(refused);
      const path = (workflowId: string) => ({ ...foreign, workflowId, runId: '../../owned', input: { plan: 'tracker' } });
      expect(await ask('backup', 'openRun', path)).toEqual(refused);
    });
    expect(await trespasser.look()).toEqual(before);
  },
  TIMEOUT_MS,
);

test('what was refused stands in the log on one line, without what acts on a terminal', () => {
  expect(trespasser.holdfast.log).not.toMatch(/(?![\n\t])\p{Cc}/u);
  expect(trespasser.holdfast.log.split('\n').every((line) => line.length < 2_000)).toBe(true);
});
