import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Cell, MOMENTS, notStruck, runCell, titleOf } from './cell.ts';
import type { Lane } from './lane.ts';
import type { Subject } from './phases.ts';
import { hasHeld, recordDue } from './results.ts';
import { expectSound, mustComplete, startLane, TIMEOUT_MS } from './start-lane.ts';
import type { Fault } from './strike.ts';

/** All cells of some faults on a subject. There is no child to kill in a phase that has none. */
export function cellsOf(subject: Subject, faults: readonly Fault[]): Cell[] {
  return Object.entries(subject.phases).flatMap(([phase, programs]) =>
    faults
      .filter((fault) => fault !== 'kill child' || programs.length > 0)
      .flatMap((fault) => MOMENTS.map((moment): Cell => [subject, fault, moment, phase])),
  );
}

/** Defines a test for each cell that has not held yet, all on one lane, and in the end a drill of what the struck runs have made. */
export function describeCells(title: string, all: readonly Cell[]): void {
  const cells = all.filter((cell) => !hasHeld(titleOf(cell)));
  describe(title, () => {
    const ends: (() => Promise<void>)[] = [];
    const durationsMs = new Map<string, number>();
    let lane: Lane;

    const define = (name: string, body: () => Promise<void>) => test(name, body, TIMEOUT_MS);

    beforeAll(async () => {
      recordDue(cells.map(notStruck));
      lane = await startLane(ends);
    }, TIMEOUT_MS);

    afterAll(async () => {
      for (const end of ends.toReversed()) await end();
    }, TIMEOUT_MS);

    for (const subject of new Set(cells.map(([struck]) => struck))) {
      define(`${subject.title} without a fault has the phases that are struck`, async () => {
        for (const [phase, durationMs] of await measure(lane, subject)) durationsMs.set(phase, durationMs);
        for (const phase of Object.keys(subject.phases)) expect([...durationsMs.keys()]).toContain(phase);
      });
    }

    for (const cell of cells) {
      define(titleOf(cell), async () => {
        const { problems } = await runCell(lane, cell, durationsMs);
        if (problems.length > 0) throw new Error(`${problems.join('\n')}\n\n${lane.log.slice(-4_000)}`);
      });
    }

    define('what the struck runs made passes a drill and a check of the repository', async () => expectSound(lane));
  });
}

/** How long each phase takes, in milliseconds. */
async function measure(lane: Lane, subject: Subject): Promise<Map<string, number>> {
  const events = await mustComplete(lane, subject);
  const ended = events.filter(({ moment }) => moment === 'end');
  return new Map(
    ended.map(({ phase, at }) => {
      const start = events.find((event) => event.phase === phase && event.moment === 'start');
      return [phase, at - (start?.at ?? at)];
    }),
  );
}
