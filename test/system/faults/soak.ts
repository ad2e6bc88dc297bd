import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { type SqliteWriter, startSqliteWriter } from '../../support/tracker-database.ts';
import type { Lane } from './lane.ts';
import { childIdsOf, countBackups, findLeftovers } from './leftovers.ts';
import { BACKUP } from './phases.ts';
import { createRandom } from './random.ts';
import { hasHeld, recordDue, recordResult } from './results.ts';
import { expectSound, mustComplete, startLane, TIMEOUT_MS } from './start-lane.ts';
import { FAULTS, type Fault, strike } from './strike.ts';

/** One run of many, and what is to happen to it. */
interface Strike {
  id: string;
  seed: number;
  fault: Fault;
  /** When, as a share of the time that a run without a fault takes; above 1 it is over by then, as a rule. */
  moment: number;
  /** Which of the children that there are, as a share of them. */
  child: number;
}

/** What became of it. */
interface StrikeResult extends Strike {
  outcome: string;
  /** From the start of the run to the strike. */
  afterMs: number;
  /** From the start of the run until all was looked at. */
  seconds: number;
  problems: string[];
}

const CHILD_WITHIN_MS = 3_000;
const ENDED_WITHIN_MS = 180_000;

/** Defines so many runs in a row, with a writer at work on the database, each struck by any fault at any moment. */
export function describeSoak(options: { seed: number; runs: number }): void {
  describe(`${options.runs} runs, seed ${options.seed}`, () => {
    const strikes = drawStrikes(options).filter(({ id }) => !hasHeld(id));
    const ends: (() => Promise<void>)[] = [];
    let lane: Lane;
    let runMs = 0;
    let writer: SqliteWriter;

    beforeAll(async () => {
      recordDue(strikes.map((drawn) => ({ ...drawn, outcome: 'not struck', afterMs: 0, seconds: 0, problems: [] })));
      lane = await startLane(ends);
      writer = await startSqliteWriter(`${lane.directory}/data/tracker.db`, 20);
      ends.push(async () => void (await writer.stop()));
      const events = await mustComplete(lane, BACKUP);
      runMs = (events.at(-1)?.at ?? 0) - (events[0]?.at ?? 0);
    }, TIMEOUT_MS);

    afterAll(async () => {
      for (const end of ends.toReversed()) await end();
    }, TIMEOUT_MS);

    for (const drawn of strikes) {
      test(
        `${drawn.id}: ${drawn.fault} at ${drawn.moment.toFixed(2)} of its time`,
        async () => {
          const result = await strikeRun(lane, drawn, Math.round(drawn.moment * runMs));
          recordResult(result);
          if (result.problems.length > 0) throw new Error(`${result.problems.join('\n')}\n\n${lane.log.slice(-4_000)}`);
        },
        TIMEOUT_MS,
      );
    }

    test('what was made passes a drill and a check of the repository', async () => expectSound(lane), TIMEOUT_MS);
  });
}

/** The same for the same seed, whatever becomes of the runs. */
function drawStrikes({ seed, runs }: { seed: number; runs: number }): Strike[] {
  const random = createRandom(seed);
  return Array.from({ length: runs }, (_, index) => ({
    id: `seed ${seed}, run ${index + 1}`,
    seed,
    fault: random.pick(FAULTS),
    moment: random.next() * 1.1,
    child: random.next(),
  }));
}

async function strikeRun(lane: Lane, drawn: Strike, afterMs: number): Promise<StrikeResult> {
  const { fault } = drawn;
  const startedAt = Date.now();
  const { workflowId, runId } = await lane.start(BACKUP.workflow, BACKUP.input);
  await sleep(afterMs);
  if (fault === 'kill child') await killChild(lane, drawn.child);
  // It may be over by now, and then there is nothing to cancel.
  await strike(lane, fault, workflowId).catch((error: unknown) => {
    if (!(error instanceof Error && error.name === 'WorkflowNotFoundError')) throw error;
  });
  const outcome = await lane.outcome(workflowId, ENDED_WITHIN_MS);
  const problems = mayEnd(fault).includes(outcome) ? [] : [`ended ${outcome}`];
  if (outcome === 'TERMINATED') problems.push(...(await runNext(lane)));
  const { snapshots, archives } = await countBackups(lane, runId);
  const isRight = outcome === 'COMPLETED' ? snapshots === 1 && archives === 1 : snapshots <= 1 && archives <= 1;
  if (!isRight) problems.push(`${snapshots} snapshots, ${archives} archives`);
  problems.push(...(await findLeftovers(lane)));
  return { ...drawn, outcome, afterMs, seconds: (Date.now() - startedAt) / 1000, problems };
}

/** A terminated run is swept by the next one. */
async function runNext(lane: Lane): Promise<string[]> {
  const next = await lane.start(BACKUP.workflow, BACKUP.input);
  const outcome = await lane.outcome(next.workflowId, ENDED_WITHIN_MS);
  return outcome === 'COMPLETED' ? [] : [`the next run ended ${outcome}`];
}

function mayEnd(fault: Fault): string[] {
  if (fault === 'cancel') return ['CANCELLED', 'COMPLETED'];
  return fault === 'terminate' ? ['TERMINATED', 'COMPLETED'] : ['COMPLETED'];
}

/** Kills one, as soon as there is any; near its end a run has none any more. */
async function killChild(lane: Lane, share: number): Promise<void> {
  const deadline = Date.now() + CHILD_WITHIN_MS;
  for (let pids = childIdsOf(lane); Date.now() < deadline; pids = childIdsOf(lane)) {
    if (killed(pids[Math.floor(share * pids.length)])) return;
    await sleep(5);
  }
}

/** Whether there was still such a process to be killed. */
function killed(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
