import { proxyActivities, upsertMemo } from '@temporalio/workflow';
import type { BackupActivities } from '../contract/activities.ts';
import type { RunRecord } from '../contract/backup.ts';
import { RUN_RECORD_MEMO } from '../contract/names.ts';
import { NOTIFY_DEADLINE_MS, phaseOptions } from './policies.ts';
import { describeFailure, type RunRecorder } from './run-recorder.ts';
import { setAttributes } from './search-attributes.ts';

/**
 * Makes an ended run known: memo, search attributes, then those who are to be told. What comes of telling them is in the memo too.
 *
 * @param recordNow the record as it stands at each of these moments
 */
export async function publish(
  recorder: RunRecorder,
  recordNow: () => RunRecord,
  { due, hasSearchAttributes }: { due: readonly number[]; hasSearchAttributes: boolean },
): Promise<void> {
  upsertMemo({ [RUN_RECORD_MEMO]: recordNow() });
  if (hasSearchAttributes) setAttributes({ outcome: recorder.record.outcome });
  if (due.length === 0) return;
  await notifyAll(recorder, recordNow(), due);
  upsertMemo({ [RUN_RECORD_MEMO]: recordNow() });
}

/**
 * Tells everybody who wants to hear of a run. Whoever cannot be reached becomes a warning of it.
 *
 * @param due positions of the notifications, as the report gave them
 */
async function notifyAll(recorder: RunRecorder, record: RunRecord, due: readonly number[]): Promise<void> {
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
