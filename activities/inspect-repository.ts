import { z } from 'zod';
import type { InitRepositoryResult, Snapshot } from '../contract/inspect.ts';
import { createRedactor } from '../process/redaction.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { findPlan } from './open-run.ts';
import type { PhaseContext } from './phase.ts';
import { PhaseError } from './phase-error.ts';
import { planTag } from './restic/arguments.ts';
import { createRestic, requireRestic } from './restic/restic.ts';

/** Creates a repository, unless there is one that the password opens. @throws {PhaseError} ConfigInvalid for an unknown name */
export async function initRepository(
  deps: ActivityDependencies,
  input: unknown,
  context: PhaseContext,
): Promise<InitRepositoryResult> {
  const name = parseName(input, 'repository');
  const { repositories, stateDirectory } = deps.configuration;
  const repository = repositories.get(name);
  if (repository === undefined) {
    throw new PhaseError(
      'ConfigInvalid',
      `there is no repository ${JSON.stringify(name)}; there are: ${[...repositories.keys()].join(', ')}.`,
    );
  }
  await requireRestic(deps.programs, context.signal);
  const created = await createRestic({ ...deps, repository, stateDirectory, context }).init();
  return { repository: name, location: createRedactor([])(repository.location), ...created };
}

/** Lists the snapshots of a plan, as restic does. @throws {PhaseError} ConfigInvalid for an unknown name */
export async function listSnapshots(deps: ActivityDependencies, input: unknown, context: PhaseContext): Promise<Snapshot[]> {
  const plan = findPlan(deps.configuration, parseName(input, 'plan'));
  const { host, stateDirectory } = deps.configuration;
  const restic = createRestic({ ...deps, repository: plan.repository, stateDirectory, context });
  return (await restic.snapshots({ host, tags: [planTag(plan.name)] })) as Snapshot[];
}

function parseName(input: unknown, key: 'repository' | 'plan'): string {
  const parsed = z.record(z.string(), z.string().max(100)).safeParse(input);
  const name = parsed.success ? parsed.data[key] : undefined;
  if (name === undefined) throw new PhaseError('ConfigInvalid', `the input must be {"${key}": "NAME"}.`);
  return name;
}
