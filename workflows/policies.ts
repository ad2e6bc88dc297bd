import { ActivityCancellationType, type ActivityOptions } from '@temporalio/workflow';
import { NEVER_RETRIED } from '../contract/failures.ts';

/** An activity that says nothing for so long is taken for dead, and started again. Activities say something every second. */
const HEARTBEAT_TIMEOUT_MS = 20_000;

/** Until openRun has read the plan, nobody knows its deadline. Also the longest wait for a busy plan. */
export const OPEN_DEADLINE_MS = 6 * 60 * 60 * 1000;

/** How long an ended run waits for a worker that cleans up after it and takes its report. The next run sweeps what is left. */
export const CLOSING_DEADLINE_MS = 60 * 60 * 1000;

/** How long it is tried to tell somebody; a run that is over should not look as if it were in progress for long. */
export const NOTIFY_DEADLINE_MS = 10 * 60 * 1000;

/**
 * Options of a phase that must be over by `deadlineMs` from now.
 *
 * Bounded by time and never by count: each restart of the worker uses up an attempt (SDK 1.24).
 */
export function phaseOptions(deadlineMs: number): ActivityOptions {
  return {
    scheduleToCloseTimeout: deadlineMs,
    heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
    // A cancelled phase is waited for, so that nobody cleans up what it still writes. To be named: without it the workflow goes on
    // at once, whatever the documentation calls the default (SDK 1.24, measured).
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: {
      initialInterval: 2_000,
      backoffCoefficient: 2,
      maximumInterval: 60_000,
      nonRetryableErrorTypes: NEVER_RETRIED,
    },
  };
}
