import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { Holdfast } from './holdfast.ts';

type PendingActivity = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];

/** A phase of a run in progress that failed and is tried again. */
export interface PendingFailure {
  workflowId: string;
  phase: string;
  attempt: number;
  type: string;
  message: string;
}

/** Waits until a phase of a run in progress has failed and waits for its next attempt. @throws an Error after `withinMs`. */
export async function untilPhaseFails(holdfast: Holdfast, withinMs = 90_000): Promise<PendingFailure> {
  const deadline = performance.now() + withinMs;
  return holdfast.withClient(async (client) => {
    for (;;) {
      for await (const { workflowId } of client.workflow.list({ query: 'ExecutionStatus = "Running"' })) {
        const { raw } = await client.workflow.getHandle(workflowId).describe();
        const failed = raw.pendingActivities?.find(({ lastFailure }) => Boolean(lastFailure));
        if (failed !== undefined) return describe(workflowId, failed);
      }
      if (performance.now() > deadline) throw new Error('no phase of a run in progress has failed');
      await sleep(200);
    }
  });
}

function describe(workflowId: string, { activityType, attempt, lastFailure }: PendingActivity): PendingFailure {
  return {
    workflowId,
    phase: activityType?.name ?? '',
    attempt: Number(attempt),
    type: lastFailure?.applicationFailureInfo?.type ?? 'timeout',
    message: lastFailure?.message ?? '',
  };
}
