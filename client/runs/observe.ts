import type { WorkflowExecutionDescription, WorkflowHandle } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import type { RunRecord } from '../../contract/backup.ts';
import { RUN_RECORD_QUERY } from '../../contract/names.ts';
import type { Progress } from '../../contract/progress.ts';
import type { Temporal } from '../connect.ts';
import { readRunRecord } from './run-record.ts';
import type { PendingActivity } from './run-view.ts';

/** `PENDING_ACTIVITY_STATE_STARTED` of temporal.api.enums.v1. */
const STARTED = 2;
const QUERY_WITHIN_MS = 3_000;

/** Asks the run's workflow for its record; undefined when no worker answers within 3 s. */
export async function queryRunRecord({ client }: Temporal, handle: WorkflowHandle): Promise<RunRecord | undefined> {
  try {
    return await client.connection.withDeadline(Date.now() + QUERY_WITHIN_MS, async () =>
      readRunRecord(await handle.query<unknown>(RUN_RECORD_QUERY)),
    );
  } catch {
    // The worker is away, or replays for longer than we wait: whoever watches asks again, and sees it in the view.
    return undefined;
  }
}

type RawActivity = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];
type RawFailure = NonNullable<RawActivity['lastFailure']>;

/** Reads the pending activities of a run, with the progress of their last heartbeats. */
export async function readPendingActivities(
  { client }: Temporal,
  description: WorkflowExecutionDescription,
): Promise<PendingActivity[]> {
  const { decodeArrayFromPayloads } = await import('@temporalio/common/lib/internal-non-workflow/index.js');
  const decode = async (payloads: Payload[] | null | undefined) =>
    decodeArrayFromPayloads(client.options.loadedDataConverter, payloads);
  const raw = description.raw.pendingActivities ?? [];
  return Promise.all(
    raw.map(async (activity) => toPendingActivity(activity, (await decode(activity.heartbeatDetails?.payloads))[0])),
  );
}

function toPendingActivity(raw: RawActivity, details: unknown): PendingActivity {
  const progress = readProgress(details);
  const lastFailure = readFailure(raw.lastFailure);
  return {
    order: Number(raw.activityId ?? 0),
    type: raw.activityType?.name ?? '',
    attempt: raw.attempt ?? 1,
    isRunning: Number(raw.state) === STARTED,
    ...(progress === undefined ? {} : { progress }),
    ...(lastFailure === undefined ? {} : { lastFailure }),
  };
}

function readProgress(details: unknown): Progress | undefined {
  if (typeof details !== 'object' || details === null || !('phase' in details)) return undefined;
  return typeof details.phase === 'string' ? (details as Progress) : undefined;
}

function readFailure(failure: RawFailure | null | undefined): PendingActivity['lastFailure'] {
  if (failure === null || failure === undefined) return undefined;
  const type = failure.applicationFailureInfo?.type;
  const message = failure.message ?? 'no reason given';
  return typeof type === 'string' && type !== '' ? { type, message } : { message };
}
