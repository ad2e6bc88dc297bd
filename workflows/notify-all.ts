import { proxyActivities } from '@temporalio/workflow';
import type { BackupActivities } from '../contract/activities.ts';
import type { RunRecord } from '../contract/backup.ts';
import { NOTIFY_DEADLINE_MS, phaseOptions } from './policies.ts';
import { describeFailure, type RunRecorder } from './run-recorder.ts';

/**
 * Tells everybody who wants to hear of a run. Whoever cannot be reached becomes a warning of it.
 *
 * @param due positions of the notifications, as the report gave them
 */
export async function notifyAll(recorder: RunRecorder, record: RunRecord, due: readonly number[]): Promise<void> {
  const { notify } = proxyActivities<BackupActivities>(phaseOptions(NOTIFY_DEADLINE_MS));
  await Promise.all(
    due.map((notification) => notify({ record, notification }).catch(warnOf(recorder, 'somebody was not told of this run'))),
  );
}

/** Makes a failure that must not end the run a warning of it. */
export function warnOf(recorder: RunRecorder, what: string): (error: unknown) => undefined {
  return (error) => {
    recorder.warn([`${what}: ${describeFailure(error).message}`]);
    return undefined;
  };
}
