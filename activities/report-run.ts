import type { ReportRunInput } from '../contract/activities.ts';
import { noteStored } from './changes/change-notes.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { markSnapshot } from './drill/snapshot-marks.ts';
import { dueNotifications } from './notifications/due.ts';
import { saveLastGoodRun } from './run/workspace.ts';

/**
 * Counts an ended run in the metrics, and keeps the record of one that succeeded on the worker's disk, and which snapshot lacks
 * files. Safe to repeat but for one extra count.
 */
export async function reportRun(deps: ActivityDependencies, { record }: ReportRunInput): Promise<{ notifications: number[] }> {
  const plan = deps.configuration.plans.get(record.plan);
  if (plan !== undefined && record.outcome === 'succeeded') {
    await saveLastGoodRun(plan, record);
    // Numbers for doctor: a run does not fail for want of them.
    await noteStored(plan, record).catch(() => undefined);
  }
  if (plan !== undefined && record.outcome === 'partial' && record.snapshotId !== undefined) {
    await markSnapshot(plan, 'incomplete', record.snapshotId);
  }
  deps.onRunReported(record);
  return { notifications: dueNotifications(deps.configuration.notifications, record) };
}
