import type { ActivityDependencies } from '../dependencies.ts';
import { drillClaimDirectory, removeScratch, scratchOf } from '../drill/scratch.ts';
import { sweepDeadRestores } from '../restore/open-restores.ts';
import type { ActivePhases } from './active-phases.ts';
import { type IsRunOpen, sweepDeadClaim } from './claim.ts';
import { removeWorkspace } from './workspace.ts';

type Dependencies = Pick<ActivityDependencies, 'configuration' | 'isRunOpen'> & { activePhases: ActivePhases };

/** Says whether a run may still be at work. */
export function runOpenness({ activePhases, isRunOpen }: Dependencies): IsRunOpen {
  return async (run) => activePhases.has(run.runId) || isRunOpen(run);
}

/**
 * Sweeps what terminated runs of this host left behind: stages, scratch directories of drills, half restores. Each run begins with
 * it, of whatever plan and kind: a monthly drill would leave its plaintext for a month.
 */
export async function sweepDeadRuns(deps: Dependencies): Promise<void> {
  const { configuration } = deps;
  const isRunOpen = runOpenness(deps);
  await sweepDeadRestores(configuration, isRunOpen);
  for (const plan of configuration.plans.values()) {
    await sweepDeadClaim({ directory: plan.stateDirectory, isRunOpen, sweep: async () => removeWorkspace(plan) });
    const directory = drillClaimDirectory(plan);
    await sweepDeadClaim({ directory, isRunOpen, sweep: async () => removeScratch(scratchOf(configuration, plan)) });
  }
}
