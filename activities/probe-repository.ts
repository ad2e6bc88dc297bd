import type { PhaseInput } from '../contract/activities.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { findPlan } from './open-run.ts';
import type { PhaseContext } from './phase.ts';
import { createRestic } from './restic/restic.ts';

/**
 * Opens the plan's repository, so that a wrong password or a repository that is not there shows beside the dumps and not after them.
 *
 * Safe to repeat: it changes nothing, and touches neither stage nor claim.
 *
 * @throws {PhaseError} RepositoryMissing, AuthRejected, StorageUnavailable, …
 */
export async function probeRepository(deps: ActivityDependencies, { run }: PhaseInput, context: PhaseContext): Promise<object> {
  const { repository } = findPlan(deps.configuration, run.plan);
  const { stateDirectory } = deps.configuration;
  context.report({ phase: `open repository ${repository.name}` });
  await createRestic({ ...deps, repository, stateDirectory, context }).probe();
  return {};
}
