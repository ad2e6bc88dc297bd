import type { Plan } from '../config/types.ts';
import type { PhaseInput } from '../contract/activities.ts';
import { type PhaseResult, type SealStageResult, sourceId } from '../contract/backup.ts';
import type { Databases } from './databases/registry.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { findPlan } from './open-run.ts';
import type { PhaseContext } from './phase.ts';
import { sourceSizes } from './run/source-sizes.ts';
import { loadLastGoodRun, loadStagedSources, requireClaim } from './run/workspace.ts';
import { sealStage as sealStageOf } from './stage/seal-stage.ts';

/** Closes the stage with its manifest and RESTORE.md. Safe to repeat. @throws {PhaseError} DumpRejected */
export async function sealStage(
  deps: ActivityDependencies & { databases: Databases },
  { run }: PhaseInput,
  context: PhaseContext,
): Promise<Omit<SealStageResult, keyof PhaseResult>> {
  const plan = findPlan(deps.configuration, run.plan);
  await requireClaim(plan, run);
  return sealStageOf(
    {
      plan,
      host: deps.configuration.host,
      holdfastVersion: deps.holdfastVersion,
      run,
      sources: await loadStagedSources(plan),
      lastSizes: await lastSizes(plan),
      restoreInstructions: new Map(
        plan.sources.flatMap((source) =>
          source.kind === 'files' ? [] : [[sourceId(source), deps.databases.of(source).restoreInstructions()] as const],
        ),
      ),
    },
    context,
  );
}

/** Bytes by source id in the last good run. */
async function lastSizes(plan: Plan): Promise<Record<string, number> | undefined> {
  const lastGood = await loadLastGoodRun(plan);
  return lastGood && sourceSizes(lastGood);
}
