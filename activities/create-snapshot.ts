import type { PhaseInput } from '../contract/activities.ts';
import type { CreateSnapshotResult, PhaseResult } from '../contract/backup.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { findPlan } from './open-run.ts';
import type { PhaseContext } from './phase.ts';
import { planTag, runTag } from './restic/arguments.ts';
import type { BackupResult } from './restic/backup.ts';
import { LimitChanged } from './restic/limit-watch.ts';
import { requireStored } from './restic/local-repository.ts';
import type { ResticSnapshot } from './restic/output.ts';
import { createRestic } from './restic/restic.ts';
import { loadStagedSources, requireClaim } from './run/workspace.ts';

/** `manifest.json` and `RESTORE.md` */
const OWN_FILES = 2;

/**
 * Backs the stage up with restic.
 *
 * Safe to repeat: a second attempt looks for the tag of the run first, so a run makes exactly one snapshot however often it is
 * killed.
 */
export async function createSnapshot(
  deps: ActivityDependencies,
  { run }: PhaseInput,
  context: PhaseContext,
): Promise<Omit<CreateSnapshotResult, keyof PhaseResult>> {
  const plan = findPlan(deps.configuration, run.plan);
  await requireClaim(plan, run);
  const { host, stateDirectory } = deps.configuration;
  const restic = createRestic({ ...deps, repository: plan.repository, stateDirectory, context });
  const ownTags = [planTag(plan.name), runTag(run.runId)];
  let summary: BackupResult | undefined;
  for (let call = context.attempt; summary === undefined; call++) {
    if (call > 1) {
      context.report({ phase: 'look for the snapshot of an earlier attempt' });
      const [earlier] = await restic.snapshots({ host, tags: ownTags });
      if (earlier !== undefined) return fromEarlierAttempt(earlier, await countStagedFiles(deps, run.plan));
    }
    summary = await unlessLimitChanged(
      restic.backup({ directory: plan.stageDirectory, host, tags: [...ownTags, ...plan.tags] }),
      context,
    );
  }
  await requireStored(plan.repository, summary.snapshot_id);
  return {
    snapshotId: summary.snapshot_id,
    isComplete: summary.isComplete,
    bytesProcessed: summary.total_bytes_processed,
    bytesAdded: summary.data_added_packed ?? summary.data_added,
    filesProcessed: summary.total_files_processed,
  };
}

/** undefined when restic was ended for another upload limit: what it had sent is not sent again. */
async function unlessLimitChanged(backup: Promise<BackupResult>, context: PhaseContext): Promise<BackupResult | undefined> {
  try {
    return await backup;
  } catch (error) {
    if (!(error instanceof LimitChanged)) throw error;
    context.report({ phase: `start restic anew: ${error.message}` });
    return undefined;
  }
}

/** The exit code of an attempt that died is lost; fewer files than the stage has tell of an incomplete snapshot. */
function fromEarlierAttempt(snapshot: ResticSnapshot, stagedFiles: number): Omit<CreateSnapshotResult, keyof PhaseResult> {
  const summary = snapshot.summary ?? {};
  const filesProcessed = summary.total_files_processed ?? 0;
  return {
    snapshotId: snapshot.id,
    isComplete: filesProcessed >= stagedFiles,
    bytesProcessed: summary.total_bytes_processed ?? 0,
    bytesAdded: summary.data_added_packed ?? summary.data_added ?? 0,
    filesProcessed,
  };
}

async function countStagedFiles(deps: ActivityDependencies, planName: string): Promise<number> {
  const staged = await loadStagedSources(findPlan(deps.configuration, planName));
  const counts = [...staged.values()].map(({ facts, entries }) =>
    facts.kind === 'files' ? facts.files : Math.max(1, entries.length),
  );
  return counts.reduce((sum, count) => sum + count, OWN_FILES);
}
