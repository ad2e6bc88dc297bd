import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { IsRunOpen } from '../../../../activities/run/claim.ts';
import { describeHolder, releaseTurn, takeDrillTurn, takeTurn } from '../../../../activities/run/turns.ts';
import { withDirectory } from '../../../support/phase-context.ts';

const STARTED_AT = '2026-11-23T03:00:00.000Z';

/** A host in a directory of its own; `dead` names the runs that Temporal no longer has open. */
function hostIn(stateDirectory: string, slots: number) {
  const dead = new Set<string>();
  const isRunOpen: IsRunOpen = async ({ runId }) => !dead.has(runId);
  const turnOf = (runId: string, wanted = slots) => ({
    stateDirectory,
    slots: wanted,
    run: { plan: `plan-${runId}`, workflowId: `wf-${runId}`, runId, startedAt: STARTED_AT },
    isRunOpen,
  });
  return {
    dead,
    /** The run that is to be waited for, or nothing. */
    take: async (runId: string, wanted?: number) => (await takeTurn(turnOf(runId, wanted)))?.runId,
    drill: async (runId: string, isPatient = true) => (await takeDrillTurn(turnOf(runId), isPatient))?.runId,
    release: (runId: string) => releaseTurn(stateDirectory, runId),
  };
}

test('with one slot the second run waits for the first, and gets its turn when that is over', () =>
  withDirectory(async (directory) => {
    const { take, release } = hostIn(directory, 1);
    expect(await take('a')).toBeUndefined();
    expect(await take('b')).toBe('a');
    expect(await take('a')).toBeUndefined();
    await release('a');
    expect(await take('b')).toBeUndefined();
  }));

test('those who wait go first come, first served, also before one that comes just when a slot is free', () =>
  withDirectory(async (directory) => {
    const { take, release } = hostIn(directory, 1);
    await take('a');
    for (const waiting of ['c', 'b']) {
      expect(await take(waiting)).toBe('a');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await release('a');
    expect(await take('late')).toBe('c');
    expect(await take('b')).toBe('c');
    expect(await take('c')).toBeUndefined();
    await release('c');
    expect(await take('late')).toBe('b');
    expect(await take('b')).toBeUndefined();
  }));

test('so many runs are at work as there are slots, and never more, however they crowd', () =>
  withDirectory(async (directory) => {
    const { take } = hostIn(directory, 3);
    const names = Array.from({ length: 12 }, (_, index) => `run-${index}`);
    for (let round = 0; round < 4; round += 1) await Promise.all(names.map((name) => take(name)));
    const waiting = await Promise.all(names.map((name) => take(name)));
    expect(waiting.filter((ahead) => ahead === undefined)).toHaveLength(3);
  }));

test('with fewer slots than before, runs that have one of the old ones still count', () =>
  withDirectory(async (directory) => {
    const { take, release } = hostIn(directory, 3);
    for (const name of ['a', 'b', 'c']) expect(await take(name)).toBeUndefined();
    await release('a');
    expect(await take('d', 1)).toBe('b');
    expect(await take('c', 1)).toBeUndefined();
    await release('b');
    await release('c');
    expect(await take('d', 1)).toBeUndefined();
  }));

test('a dead run holds neither a slot nor a place in the queue', () =>
  withDirectory(async (directory) => {
    const { take, dead } = hostIn(directory, 1);
    await take('a');
    expect(await take('b')).toBe('a');
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await take('c')).toBe('a');
    dead.add('a').add('b');
    expect(await take('c')).toBeUndefined();
    expect(await readdir(join(directory, 'slots/queue'))).toEqual([]);
  }));

test('one that gives up its place holds nobody up, and what others have stays theirs', () =>
  withDirectory(async (directory) => {
    const { take, release } = hostIn(directory, 1);
    await take('a');
    await take('b');
    await release('b');
    expect(await take('c')).toBe('a');
    await release('never-came');
    expect(await take('d')).toBe('a');
    await release('a');
    expect(await take('c')).toBeUndefined();
  }));

test('a drill waits for backups at work and in the queue and for other drills, and no backup waits for a drill', () =>
  withDirectory(async (directory) => {
    const { take, drill, release } = hostIn(directory, 1);
    await take('a');
    expect(await drill('x')).toBe('a');
    expect(await take('b')).toBe('a');
    await release('a');
    expect(await drill('x')).toBe('b');
    await release('b');
    expect(await drill('x')).toBeUndefined();
    expect(await drill('y')).toBe('x');
    expect(await take('c')).toBeUndefined();
    expect(await drill('x')).toBeUndefined();
    await release('x');
    expect(await drill('y')).toBe('c');
    expect(await drill('y', false)).toBeUndefined();
  }));

test('a run that is waited for is told by its plan and its id', () => {
  const holder = { workflowId: 'wf-a', runId: 'a', startedAt: STARTED_AT };
  expect(describeHolder({ ...holder, plan: 'tracker' })).toBe('plan tracker (run wf-a)');
  expect(describeHolder({ ...holder, plan: undefined })).toBe('run wf-a');
});
