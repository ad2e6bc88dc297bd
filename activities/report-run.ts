import type { ReportRunInput } from '../contract/activities.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { saveRunRecord } from './run/workspace.ts';

/** Keeps the record of an ended run on the worker's disk and counts it in the metrics. Safe to repeat but for one extra count. */
export async function reportRun(deps: ActivityDependencies, { record }: ReportRunInput): Promise<object> {
  const plan = deps.configuration.plans.get(record.plan);
  if (plan !== undefined) await saveRunRecord(plan, record);
  deps.onRunReported(record);
  return {};
}
