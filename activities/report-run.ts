import type { ReportRunInput } from '../contract/activities.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { dueNotifications } from './notifications/due.ts';
import { saveLastGoodRun } from './run/workspace.ts';

/**
 * Counts an ended run in the metrics, and keeps the record of one that succeeded on the worker's disk. Safe to repeat but for one
 * extra count.
 */
export async function reportRun(deps: ActivityDependencies, { record }: ReportRunInput): Promise<{ notifications: number[] }> {
  const plan = deps.configuration.plans.get(record.plan);
  if (plan !== undefined && record.outcome === 'succeeded') await saveLastGoodRun(plan, record);
  deps.onRunReported(record);
  return { notifications: dueNotifications(deps.configuration.notifications, record) };
}
