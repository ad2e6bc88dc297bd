import { z } from 'zod';
import type { InitRepositoryResult, Snapshot } from '../contract/inspect.ts';
import { createRedactor } from '../process/redaction.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { judge } from './input/judge.ts';
import { wantedName } from './input/shapes.ts';
import { findRepository } from './maintain-repository.ts';
import { findPlan } from './open-run.ts';
import type { PhaseContext } from './phase.ts';
import { planTag } from './restic/arguments.ts';
import { createRestic, requireRestic } from './restic/restic.ts';

const initInput = z.strictObject({ repository: wantedName });
const listInput = z.strictObject({ plan: wantedName });

/** Creates a repository, unless there is one that the password opens. @throws {PhaseError} ConfigInvalid for an unknown name */
export async function initRepository(
  deps: ActivityDependencies,
  input: unknown,
  context: PhaseContext,
): Promise<InitRepositoryResult> {
  const { repository: name } = judge(initInput, input, 'the input must be {"repository": "NAME"}');
  const repository = findRepository(deps.configuration, name);
  const { stateDirectory } = deps.configuration;
  await requireRestic(deps.programs, context.signal);
  const created = await createRestic({ ...deps, repository, stateDirectory, context }).init();
  return { repository: name, location: createRedactor([])(repository.location), ...created };
}

/** Lists the snapshots of a plan, as restic does. @throws {PhaseError} ConfigInvalid for an unknown name */
export async function listSnapshots(deps: ActivityDependencies, input: unknown, context: PhaseContext): Promise<Snapshot[]> {
  const plan = findPlan(deps.configuration, judge(listInput, input, 'the input must be {"plan": "NAME"}').plan);
  const { host, stateDirectory } = deps.configuration;
  const restic = createRestic({ ...deps, repository: plan.repository, stateDirectory, context });
  return (await restic.snapshots({ host, tags: [planTag(plan.name)] })) as Snapshot[];
}
