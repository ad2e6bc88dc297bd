import type { ForgetSnapshotsInput } from '../contract/activities.ts';
import type { ForgetSnapshotsResult, PhaseResult } from '../contract/backup.ts';
import { doubtClock, standsApart } from './clock.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { type ForgetPreview, guardForget } from './drill/guard-forget.ts';
import { loadMarked } from './drill/snapshot-marks.ts';
import { findPlan } from './open-run.ts';
import type { PhaseContext } from './phase.ts';
import { PhaseError } from './phase-error.ts';
import { createRestic } from './restic/restic.ts';

/**
 * Applies the plan's retention: asks restic what the policy would remove, guards the answer, and forgets exactly that list. The
 * newest snapshot that passed a drill always stays, and so does the only one.
 *
 * When it is doubtful what time it is, nothing is forgotten, with a warning: restic goes by the times of the snapshots.
 *
 * Safe to repeat: what is forgotten is no longer on the next list. Space is freed by prune alone.
 */
export async function forgetSnapshots(
  deps: ActivityDependencies,
  { run, snapshotId }: ForgetSnapshotsInput,
  context: PhaseContext,
): Promise<Omit<ForgetSnapshotsResult, keyof PhaseResult>> {
  const plan = findPlan(deps.configuration, run.plan);
  if (plan.retention === undefined) return { kept: 0, removed: 0 };
  const { host, stateDirectory } = deps.configuration;
  const restic = createRestic({ ...deps, repository: plan.repository, stateDirectory, context });
  context.report({ phase: 'ask what the policy keeps' });
  const preview = await restic.previewForget({ host, plan: plan.name, retention: plan.retention });
  const doubt = doubtClock(context) ?? doubtTimes(preview, snapshotId);
  if (doubt !== undefined) {
    if (preview.remove.length > 0) context.warn(`no snapshot of plan ${plan.name} was forgotten: ${doubt}.`);
    return { kept: preview.keep.length + preview.remove.length, removed: 0 };
  }
  if (!preview.keep.some((snapshot) => snapshot.id === snapshotId)) {
    throw new PhaseError(
      'DumpRejected',
      `retention of plan ${plan.name} would not keep the snapshot ${snapshotId.slice(0, 8)} that was just made, so nothing was forgotten. Compare \`holdfast snapshots ${plan.name}\` with its retention, and the host's clock with the snapshots' times.`,
    );
  }
  const remove = guardForget(preview, await loadMarked(plan, 'proven'));
  context.report({ phase: `forget ${remove.length} snapshots` });
  await restic.forget(remove);
  return { kept: preview.keep.length + preview.remove.length - remove.length, removed: remove.length };
}

/** Why the times of the snapshots are not to be trusted: one lies in the future, or a clock jumped forward. */
function doubtTimes({ keep, remove }: ForgetPreview, newId: string): string | undefined {
  const all = [...keep, ...remove];
  const made = all.find(({ id }) => id === newId);
  if (made === undefined) return undefined;
  const later = all.filter(({ time }) => Date.parse(time) > Date.parse(made.time));
  const isKept = keep.includes(made);
  if (!isKept && later.length > 0) {
    const newest =
      later
        .map(({ time }) => time)
        .sort()
        .at(-1) ?? '';
    return `a snapshot of ${newest} is later than the one just made, so a clock is or was wrong. Set it, and forget that snapshot`;
  }
  if (!isKept || keep.length > 1 || !standsApart(all.map(({ time }) => Date.parse(time)))) return undefined;
  return (
    'all but the one just made look expired at once, although they were made at shorter intervals. Did a clock jump? If the plan ' +
    'just stood still for long, its next run forgets them'
  );
}
