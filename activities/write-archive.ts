import { join } from 'node:path';
import type { PhaseInput } from '../contract/activities.ts';
import type { PhaseResult, WriteArchiveResult } from '../contract/backup.ts';
import { digestSources } from './archive/last-archive.ts';
import { writeArchive as writeArchiveOf } from './archive/write-archive.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { findPlan } from './open-run.ts';
import type { PhaseContext } from './phase.ts';
import { PhaseError } from './phase-error.ts';
import { loadStagedSources, requireClaim } from './run/workspace.ts';

/** Writes the local archive of the stage. Safe to repeat: a finished archive is verified and kept. */
export async function writeArchive(
  deps: ActivityDependencies,
  { run }: PhaseInput,
  context: PhaseContext,
): Promise<Omit<WriteArchiveResult, keyof PhaseResult>> {
  const plan = findPlan(deps.configuration, run.plan);
  await requireClaim(plan, run);
  const { archive, stageDirectory } = plan;
  if (archive === undefined)
    throw new PhaseError('ConfigInvalid', `plan ${plan.name} has no archive: was holdfast.yaml changed during the run?`);
  const memory = { file: join(plan.stateDirectory, 'last-archive.json'), digest: digestSources(await loadStagedSources(plan)) };
  return writeArchiveOf({ archive, stageDirectory, run, programs: deps.programs, memory }, context);
}
