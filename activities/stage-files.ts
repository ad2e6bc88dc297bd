import type { StageSourceInput } from '../contract/activities.ts';
import { type PhaseResult, type StageSourceResult, sourceId } from '../contract/backup.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { findPlan } from './open-run.ts';
import type { PhaseContext } from './phase.ts';
import { findSource } from './run/find-source.ts';
import { requireClaim, saveStagedSource } from './run/workspace.ts';
import { stageFiles as stageFilesOf } from './stage/stage-files.ts';

/** Copies the files of one source into the stage. Safe to repeat: it begins by removing what an earlier attempt left. */
export async function stageFiles(
  deps: ActivityDependencies,
  input: StageSourceInput,
  context: PhaseContext,
): Promise<Omit<StageSourceResult, keyof PhaseResult>> {
  const plan = findPlan(deps.configuration, input.run.plan);
  await requireClaim(plan, input.run);
  const source = findSource(plan, 'files', input.source);
  const { facts, entries } = await stageFilesOf(
    { source, stageDirectory: plan.stageDirectory, programs: deps.programs },
    context,
  );
  await requireClaim(plan, input.run);
  await saveStagedSource(plan, source, { facts, entries });
  return { source: sourceId(source), bytes: facts.bytes, files: facts.files, method: 'copy' };
}
