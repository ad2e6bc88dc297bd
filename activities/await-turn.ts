import { setTimeout as delay } from 'node:timers/promises';
import type { AwaitTurnInput } from '../contract/activities.ts';
import { WAITING_FOR } from '../contract/progress.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { findPlan } from './open-run.ts';
import type { PhaseContext } from './phase.ts';
import type { ActivePhases } from './run/active-phases.ts';
import type { IsRunOpen } from './run/claim.ts';
import { runOpenness } from './run/sweep-dead-runs.ts';
import { describeHolder, takeDrillTurn, takeTurn } from './run/turns.ts';

/** A slot that was given back is taken within this time. */
const LOOK_EVERY_MS = 1_000;

/** A run that was open a moment ago is not asked for at each look: Temporal is to be spared while one waits for hours. */
const TRUST_FOR_MS = 5_000;

/**
 * Waits until the host has room for a run, and says for whom it waits. Touches nothing; cancelled, it ends at once.
 *
 * Safe to repeat: the place in the queue lies on the disk.
 */
export async function awaitTurn(
  deps: ActivityDependencies & { activePhases: ActivePhases },
  { run, kind }: AwaitTurnInput,
  context: PhaseContext,
): Promise<object> {
  const { stateDirectory, maxParallelRuns } = deps.configuration;
  const { deadlineMs } = findPlan(deps.configuration, run.plan);
  const isRunOpen = rememberOpen(runOpenness(deps));
  const turn = { stateDirectory, slots: maxParallelRuns, run, isRunOpen };
  for (;;) {
    const isPatient = Date.now() - Date.parse(run.startedAt) < deadlineMs;
    const ahead = kind === 'drill' ? await takeDrillTurn(turn, isPatient) : await takeTurn(turn);
    if (ahead === undefined) return {};
    context.report({ phase: `${WAITING_FOR}${describeHolder(ahead)}` });
    await delay(LOOK_EVERY_MS, undefined, { signal: context.signal });
  }
}

function rememberOpen(isRunOpen: IsRunOpen): IsRunOpen {
  const seenOpen = new Map<string, number>();
  return async (run) => {
    if (Date.now() - (seenOpen.get(run.runId) ?? 0) < TRUST_FOR_MS) return true;
    const isOpen = await isRunOpen(run);
    if (isOpen) seenOpen.set(run.runId, Date.now());
    return isOpen;
  };
}
