import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { writeJournal } from '../../../../activities/hooks/journal.ts';
import { releaseClaim } from '../../../../activities/run/claim.ts';
import { RUN, withHooksScene } from '../../../support/hooks-scene.ts';

test('what is owed is on the disk, for the worker alone, before the first command runs', () =>
  withHooksScene(async (scene) => {
    await scene.service.hold('stop');
    const before = scene.before();
    await scene.service.untilAt('stop');
    expect(await scene.journal()).toMatchObject({ host: 'h', plan: 'tracker', run_id: 'run-1', before_dump: 'running' });
    expect((await stat(join(scene.planDirectory, 'hooks.json'))).mode & 0o777).toBe(0o600);
    await scene.service.release('stop');
    await before;
    expect(await scene.journal()).toMatchObject({ before_dump: 'done' });
    expect(await scene.after()).toEqual({ wasUndoneBefore: false });
    expect(await scene.journal()).toBeUndefined();
    expect(await scene.verbs()).toEqual(['state', 'stop', 'start', 'state']);
    expect(await scene.service.isRunning()).toBe(true);
  }));

test('commands run one after the other without a shell, with plan and run in their environment', () =>
  withHooksScene(
    async (scene) => {
      await scene.before();
      const environment = await readFile(join(scene.planDirectory, 'hooks.log'), 'utf8');
      expect(environment).toMatch(/^\$\(id\); \*\n/);
      for (const line of ['HOLDFAST_PLAN=tracker', 'HOLDFAST_RUN_ID=run-1', 'HOLDFAST_HOOK=before_dump']) {
        expect(environment.split('\n')).toContain(line);
      }
    },
    { beforeDump: [['echo', '$(id); *'], ['env']] },
  ));

test('an attempt after a crash does not ask state again, and repeats before_dump', () =>
  withHooksScene(async (scene) => {
    await scene.before();
    const journal = await scene.journal();
    if (journal === undefined) throw new Error('nothing is owed');
    await writeJournal({ directory: scene.planDirectory, journal: { ...journal, before_dump: 'running' } });
    scene.restart();
    await scene.verbs();
    await scene.before();
    expect(await scene.verbs()).toEqual(['stop']);
    await scene.before();
    expect(await scene.verbs()).toEqual([]);
    await scene.after();
    expect(await scene.service.isRunning()).toBe(true);
  }));

test('what was stopped before is neither stopped nor started', () =>
  withHooksScene(async (scene) => {
    await scene.service.stop();
    await scene.before();
    expect(await scene.journal()).toBeUndefined();
    await scene.after();
    expect(await scene.verbs()).toEqual(['state']);
    expect(scene.context.warnings).toEqual([expect.stringContaining('was stopped already, as state says (exit code 1)')]);
  }));

test.each([
  [[['sh', '-c', 'exit 3']], false],
  [[['echo', 'false']], false],
  [[['echo', 'true']], true],
  [[['true']], true],
])('the state %j says that the service runs: %s', ([state], isStopped) =>
  withHooksScene(
    async (scene) => {
      await scene.before();
      expect(await scene.verbs()).toEqual(isStopped ? ['stop'] : []);
    },
    { state: state ?? [] },
  ),
);

test('a state that is not known stops nothing', () =>
  withHooksScene(
    async (scene) => {
      await expect(scene.before()).rejects.toMatchObject({ type: 'HookFailed', message: expect.stringContaining('exit code 4') });
      expect(await scene.journal()).toBeUndefined();
      expect(await scene.service.isRunning()).toBe(true);
    },
    { state: ['sh', '-c', 'exit 4'] },
  ));

test('a before_dump that fails is named with what it said, and is undone', () =>
  withHooksScene(async (scene) => {
    await scene.service.fail('stop', 1);
    await expect(scene.before()).rejects.toMatchObject({
      type: 'HookFailed',
      message: expect.stringMatching(
        /^before_dump of plan tracker: `\/.*service stop` ended with exit code 7: the service manager does not answer$/,
      ),
      isFinal: false,
    });
    expect(await scene.journal()).toMatchObject({ before_dump: 'failed' });
    await scene.after();
    expect(await scene.verbs()).toEqual(['state', 'stop', 'start', 'state']);
  }));

test('a before_dump that has failed for minutes is not retried any more', () =>
  withHooksScene(async (scene) => {
    await scene.service.fail('stop', 2);
    await scene.before().catch(() => undefined);
    const journal = await scene.journal();
    if (journal === undefined) throw new Error('nothing is owed');
    const since = new Date(Date.now() - 301_000).toISOString();
    await writeJournal({ directory: scene.planDirectory, journal: { ...journal, since } });
    await expect(scene.before()).rejects.toMatchObject({ type: 'HookFailed', isFinal: true });
  }));

test('a program that is not there is a missing tool, and what is owed stays owed', () =>
  withHooksScene(
    async (scene) => {
      await expect(scene.before()).rejects.toMatchObject({ type: 'ToolMissing', message: expect.stringContaining('no-such') });
      expect(await scene.journal()).toMatchObject({ before_dump: 'failed' });
    },
    { beforeDump: [['no-such-program']] },
  ));

test('an after_dump that ends well but starts nothing has failed', () =>
  withHooksScene(
    async (scene) => {
      await scene.before();
      const message = expect.stringContaining('state says that nothing runs: exit code 1');
      await expect(scene.after()).rejects.toMatchObject({ type: 'HookFailed', message });
      expect(await scene.journal()).toMatchObject({ failure: { attempts: 1 } });
    },
    { afterDump: [['true']] },
  ));

test('dumps that were not over in time, or disturbed three times, are refused once the service runs', () =>
  withHooksScene(async (scene) => {
    await scene.before();
    await expect(scene.after(1, true)).rejects.toMatchObject({ type: 'ProcessTimeout', isFinal: true });
    expect(await scene.service.isRunning()).toBe(true);
    await scene.before();
    await scene.keeper().settleAll(30_000);
    expect(await scene.service.isRunning()).toBe(true);
    expect(await scene.after(1)).toEqual({ wasUndoneBefore: true });
    expect(await scene.after(2)).toEqual({ wasUndoneBefore: true });
    await expect(scene.after(3)).rejects.toMatchObject({ type: 'DumpRejected' });
    await scene.before();
    expect(await scene.service.isRunning()).toBe(false);
    expect(await scene.after(3)).toEqual({ wasUndoneBefore: false });
  }));

test('a run that no longer holds its plan stops nothing', () =>
  withHooksScene(async (scene) => {
    await releaseClaim(scene.planDirectory, RUN.runId);
    await expect(scene.before()).rejects.toMatchObject({ type: 'PlanBusy' });
    expect(await scene.verbs()).toEqual([]);
  }));

test('a damaged journal is neither ignored nor obeyed', () =>
  withHooksScene(async (scene) => {
    await writeFile(join(scene.planDirectory, 'hooks.json'), '{');
    await expect(scene.before()).rejects.toThrow(/hooks\.json says that after_dump is owed, and cannot be read/);
    expect(await scene.verbs()).toEqual([]);
  }));
