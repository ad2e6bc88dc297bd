import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Cell, MOMENTS, runCell } from './cell.ts';
import type { Lane } from './lane.ts';
import type { Subject } from './phases.ts';
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

/** Defines a test for each cell, all on one lane, and in the end a drill of what the struck runs have made. */
export function describeCells(title: string, cells: readonly Cell[]): void {
  describe(title, () => {
    const ends: (() => Promise<void>)[] = [];
    const durationsMs = new Map<string, number>();
    let lane: Lane;

    const define = (name: string, body: () => Promise<void>) => test(name, body, TIMEOUT_MS);

    beforeAll(async () => {
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
      const [subject, fault, moment, phase] = cell;
      define(`${subject.title}, ${fault} at the ${moment} of ${phase}`, async () => {
        const { problems } = await runCell(lane, cell, durationsMs).catch((error: unknown) => {
          throw new Error(`${String(error)}\n${lane.log.slice(-2_000)}`, { cause: error });
        });
        expect(problems).toEqual([]);
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
