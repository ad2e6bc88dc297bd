import { proxyActivities } from '@temporalio/workflow';
import type { BackupActivities } from '../contract/activities.ts';
import { NOTIFY_DEADLINE_MS, phaseOptions } from './policies.ts';
import { describeFailure, type RunRecorder } from './run-recorder.ts';

/** Tells everybody who wants to hear of a run how it ended. Whoever cannot be reached becomes a warning of the run. */
export async function notifyAll(recorder: RunRecorder, due: number[]): Promise<void> {
  const { notify } = proxyActivities<BackupActivities>(phaseOptions(NOTIFY_DEADLINE_MS));
  const { record } = recorder;
  await Promise.all(
    due.map((notification) => notify({ record, notification }).catch(warnOf(recorder, 'somebody was not told of this run'))),
  );
}

/** Turns an error that must not fail the run into a warning of it. */
export function warnOf(recorder: RunRecorder, what: string): (error: unknown) => undefined {
  return (error) => {
    recorder.warn([`${what}: ${describeFailure(error).message}`]);
    return undefined;
  };
}
