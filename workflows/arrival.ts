import { workflowInfo } from '@temporalio/workflow';
import type { Arrival } from '../contract/backup.ts';

/** Set by Temporal on the runs of a schedule: the time that the schedule has for it, without jitter. */
const SCHEDULED_START_TIME = 'TemporalScheduledStartTime';

/** Between being started and coming to a worker that is there lies less than a second; while one is replaced, a little more. */
const NOTICEABLE_WAIT_MS = 10_000;

/** When this run came to a worker. To be asked at the first moment of the workflow: later the clock has moved on. */
export function readArrival(): Arrival {
  const { startTime, typedSearchAttributes } = workflowInfo();
  const scheduled = typedSearchAttributes.getAll().find(({ key }) => key.name === SCHEDULED_START_TIME)?.value;
  return {
    ...(scheduled instanceof Date ? { scheduledAt: scheduled.toISOString() } : {}),
    requestedAt: startTime.toISOString(),
    arrivedAt: new Date().toISOString(),
  };
}

/** How long a run waited because no worker was there, in milliseconds; undefined when that is not worth a word. */
export function waitForWorkerMs({ requestedAt, arrivedAt }: Arrival): number | undefined {
  const waitedMs = Date.parse(arrivedAt) - Date.parse(requestedAt);
  return waitedMs < NOTICEABLE_WAIT_MS ? undefined : waitedMs;
}
