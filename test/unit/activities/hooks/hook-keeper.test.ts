import { readdir } from 'node:fs/promises';
import { afterEach, expect, jest, test } from '@jest/globals';
import { writeJournal } from '../../../../activities/hooks/journal.ts';
import { type HooksScene, RUN, withHooksScene } from '../../../support/hooks-scene.ts';

afterEach(() => {
  jest.restoreAllMocks();
});

/** Something is stopped, and the worker was started anew since. */
async function stopped(scene: HooksScene, changes?: 'without the plan'): Promise<void> {
  await scene.before();
  await scene.verbs();
  scene.restart(changes);
}

function passTime(ms: number): void {
  const now = Date.now();
  jest.spyOn(Date, 'now').mockImplementation(() => now + ms);
}

test('a run that is open starts its service itself', () =>
  withHooksScene(async (scene) => {
    await stopped(scene);
    await scene.keeper().look();
    expect(await scene.verbs()).toEqual([]);
    expect(await scene.service.isRunning()).toBe(false);
  }));

test('once the run is over the worker starts its service, and nothing is owed any more', () =>
  withHooksScene(async (scene) => {
    await stopped(scene);
    scene.temporal.isOpen = false;
    await scene.keeper().look();
    expect(await scene.service.isRunning()).toBe(true);
    expect(await scene.journal()).toBeUndefined();
    expect(scene.log).toEqual([expect.stringMatching(/ran after_dump of plan tracker.*its run backup-1 is over/)]);
  }));

test('while a phase of a run that is over is still at work the worker waits for it', () =>
  withHooksScene(async (scene) => {
    await stopped(scene);
    scene.temporal.isOpen = false;
    await scene.activePhases.track(RUN.runId, () => scene.keeper().look());
    expect(await scene.verbs()).toEqual([]);
  }));

test('a Temporal that is away for a minute makes the worker start the service, and the run hears of it', () =>
  withHooksScene(async (scene) => {
    await stopped(scene);
    scene.temporal.isOpen = new Error('no connection');
    await scene.keeper().look();
    passTime(59_000);
    await scene.keeper().look();
    expect(await scene.verbs()).toEqual([]);
    passTime(2_000);
    await scene.keeper().look();
    expect(await scene.verbs()).toEqual(['start', 'state']);
    expect(await scene.journal()).toMatchObject({ undone_at: expect.any(String) });
    await scene.keeper().look();
    expect(await scene.verbs()).toEqual([]);
    scene.temporal.isOpen = true;
    expect(await scene.after()).toEqual({ wasUndoneBefore: true });
    scene.temporal.isOpen = false;
    await scene.keeper().look();
    expect(await scene.journal()).toBeUndefined();
  }));

test('a Temporal that answers in between is not away', () =>
  withHooksScene(async (scene) => {
    await stopped(scene);
    for (const isOpen of [new Error('no connection'), true, new Error('no connection')]) {
      scene.temporal.isOpen = isOpen;
      await scene.keeper().look();
      passTime(40_000);
    }
    await scene.keeper().look();
    expect(await scene.verbs()).toEqual([]);
  }));

test.each([661_000, -661_000])('%d ms after it was stopped the service is started, even with a phase at work', (ms) =>
  withHooksScene(async (scene) => {
    await stopped(scene);
    passTime(Math.sign(ms) * 600_000);
    await scene.activePhases.track(RUN.runId, () => scene.keeper().look());
    expect(await scene.verbs()).toEqual([]);
    jest.restoreAllMocks();
    passTime(ms);
    await scene.activePhases.track(RUN.runId, () => scene.keeper().look());
    expect(await scene.verbs()).toEqual(['start', 'state']);
  }),
);

test('a plan that is no longer configured is started again by what was written down', () =>
  withHooksScene(async (scene) => {
    await stopped(scene, 'without the plan');
    await scene.keeper().look();
    expect(await scene.verbs()).toEqual(['start', 'state']);
    expect(await scene.service.isRunning()).toBe(true);
  }));

test('a mended after_dump of the configuration goes before the one that was written down', () =>
  withHooksScene(async (scene) => {
    await scene.before();
    const journal = await scene.journal();
    if (journal === undefined) throw new Error('nothing is owed');
    await writeJournal({ directory: scene.planDirectory, journal: { ...journal, after_dump: [['false']] } });
    scene.restart();
    scene.temporal.isOpen = false;
    await scene.keeper().look();
    expect(await scene.service.isRunning()).toBe(true);
  }));

test('an after_dump that fails is tried again, ever more slowly, and told each time with what to type', () =>
  withHooksScene(async (scene) => {
    await stopped(scene);
    scene.temporal.isOpen = false;
    await scene.service.fail('start', 2);
    await scene.keeper().look();
    await scene.keeper().look();
    expect(await scene.journal()).toMatchObject({ failure: { attempts: 1, message: expect.stringContaining('exit code 7') } });
    passTime(11_000);
    await scene.keeper().look();
    expect(await scene.journal()).toMatchObject({ failure: { attempts: 2 } });
    passTime(11_000);
    await scene.keeper().look();
    expect(await scene.verbs()).toEqual(['start', 'start']);
    passTime(10_000);
    await scene.keeper().look();
    expect(await scene.verbs()).toEqual(['start', 'state']);
    expect(await scene.journal()).toBeUndefined();
    const byHand = `To do it by hand: ${scene.service.program} start`;
    expect(scene.log.slice(0, 2)).toEqual([expect.stringContaining(byHand), expect.stringContaining(byHand)]);
  }));

test('a next run starts what an older one owes, and only that', () =>
  withHooksScene(async (scene) => {
    await stopped(scene);
    const { signal } = scene.context;
    expect(await scene.keeper().settleOlder(scene.planDirectory, RUN.runId, signal)).toBeUndefined();
    expect(await scene.verbs()).toEqual([]);
    await scene.service.fail('start', 1);
    await expect(scene.keeper().settleOlder(scene.planDirectory, 'next', signal)).rejects.toMatchObject({ type: 'HookFailed' });
    expect(await scene.keeper().settleOlder(scene.planDirectory, 'next', signal)).toMatchObject({ workflow_id: 'backup-1' });
    expect(await scene.service.isRunning()).toBe(true);
    expect(await readdir(scene.planDirectory)).not.toContain('hooks.json');
  }));

test('a worker that ends without time says so, and leaves what is owed to the next one', () =>
  withHooksScene(async (scene) => {
    await stopped(scene);
    await scene.service.hold('start');
    await scene.keeper().settleAll(300);
    expect(scene.log).toEqual([expect.stringContaining('no time was left')]);
    expect(await scene.journal()).toMatchObject({ before_dump: 'done' });
  }));
