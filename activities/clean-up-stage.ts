import type { PhaseInput } from '../contract/activities.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { holdsClaim, releaseClaim } from './run/claim.ts';
import { releaseTurn } from './run/turns.ts';
import { removeWorkspace } from './run/workspace.ts';

/**
 * Removes stage and working files and gives the plan free. Runs at the end of every run, whatever happened before.
 *
 * Safe to repeat, and harmless for a run that never got hold of its plan: then the stage is another run's.
 */
export async function cleanUpStage(deps: ActivityDependencies, { run }: PhaseInput): Promise<object> {
  await releaseTurn(deps.configuration.stateDirectory, run.runId);
  const plan = deps.configuration.plans.get(run.plan);
  if (plan === undefined || !(await holdsClaim(plan.stateDirectory, run.runId))) return {};
  await removeWorkspace(plan);
  await releaseClaim(plan.stateDirectory, run.runId);
  return {};
}
