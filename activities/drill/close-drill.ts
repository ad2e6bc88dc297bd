import type { DrillInput } from '../../contract/verify.ts';
import type { ActivityDependencies } from '../dependencies.ts';
import { holdsClaim, releaseClaim } from '../run/claim.ts';
import { releaseTurn } from '../run/turns.ts';
import { drillClaimDirectory, removeScratch, scratchOf } from './scratch.ts';

/**
 * Removes the scratch directory, with whatever still runs in it, and gives it free. Runs at the end of every drill, whatever happened
 * before. Safe to repeat, and harmless for a drill that never got hold of its plan.
 */
export async function closeDrill(deps: ActivityDependencies, { run }: DrillInput): Promise<object> {
  await releaseTurn(deps.configuration.stateDirectory, run.runId);
  const plan = deps.configuration.plans.get(run.plan);
  if (plan === undefined || !(await holdsClaim(drillClaimDirectory(plan), run.runId))) return {};
  await removeScratch(scratchOf(deps.configuration, plan));
  await releaseClaim(drillClaimDirectory(plan), run.runId);
  return {};
}
