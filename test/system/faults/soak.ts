import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type SqliteWriter, startSqliteWriter } from '../../support/tracker-database.ts';
import type { Lane } from './lane.ts';
import { childIdsOf, countBackups, findLeftovers } from './leftovers.ts';
import { BACKUP } from './phases.ts';
import { createRandom, type Random } from './random.ts';
import { expectSound, startLane, TIMEOUT_MS } from './start-lane.ts';
import { FAULTS, type Fault, strike } from './strike.ts';

/** A run without a fault takes about so long here; a fault comes at any time within it, and sometimes after it. */
const RUN_MS = 4_000;

/** Defines so many runs in a row, with a writer at work on the database, each struck by any fault at any moment. */
export function describeSoak(options: { seed: number; runs: number }): void {
  describe(`${options.runs} runs, seed ${options.seed}`, () => {
    const random = createRandom(options.seed);
    const ends: (() => Promise<void>)[] = [];
    let lane: Lane;
    let writer: SqliteWriter;

    beforeAll(async () => {
      lane = await startLane(ends);
      writer = await startSqliteWriter(`${lane.directory}/data/tracker.db`, 20);
      ends.push(async () => void (await writer.stop()));
    }, TIMEOUT_MS);

    afterAll(async () => {
      for (const end of ends.toReversed()) await end();
    }, TIMEOUT_MS);

    for (let number = 1; number <= options.runs; number += 1) {
      test(
        `run ${number}`,
        async () => {
          expect(await strikeRun(lane, random)).toEqual([]);
        },
        TIMEOUT_MS,
      );
    }

    test('what was made passes a drill and a check of the repository', async () => expectSound(lane), TIMEOUT_MS);
  });
}

/** @returns what falls short */
async function strikeRun(lane: Lane, random: Random): Promise<string[]> {
  const fault = random.pick(FAULTS);
  const afterMs = Math.round(random.next() * RUN_MS * 1.1);
  const { workflowId, runId } = await lane.start(BACKUP.workflow, BACKUP.input);
  await sleep(afterMs);
  if (fault === 'kill child') killAnyChild(lane, random);
  // It may be over by now, and then there is nothing to cancel.
  await strike(lane, fault, workflowId).catch((error: unknown) => {
    if (!(error instanceof Error && error.name === 'WorkflowNotFoundError')) throw error;
  });
  const outcome = await lane.outcome(workflowId, 180_000);
  const problems = mayEnd(fault).includes(outcome) ? [] : [`ended ${outcome}`];
  if (outcome === 'TERMINATED') {
    const next = await lane.start(BACKUP.workflow, BACKUP.input);
    if ((await lane.outcome(next.workflowId, 180_000)) !== 'COMPLETED') problems.push('the next run did not complete');
  }
  const { snapshots, archives } = await countBackups(lane, runId);
  const isRight = outcome === 'COMPLETED' ? snapshots === 1 && archives === 1 : snapshots <= 1 && archives <= 1;
  if (!isRight) problems.push(`${snapshots} snapshots, ${archives} archives`);
  problems.push(...(await findLeftovers(lane)));
  return problems.map((problem) => `${fault} after ${afterMs} ms: ${problem}`);
}

function mayEnd(fault: Fault): string[] {
  if (fault === 'cancel') return ['CANCELLED', 'COMPLETED'];
  return fault === 'terminate' ? ['TERMINATED', 'COMPLETED'] : ['COMPLETED'];
}

function killAnyChild(lane: Lane, random: Random): void {
  const [first, ...others] = childIdsOf(lane);
  if (first !== undefined) process.kill(random.pick([first, ...others]), 'SIGKILL');
}
