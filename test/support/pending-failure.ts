import { setTimeout as sleep } from 'node:timers/promises';
import type { Holdfast } from './holdfast.ts';

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
        for (const { activityType, attempt, lastFailure } of raw.pendingActivities ?? []) {
          if (lastFailure === null || lastFailure === undefined) continue;
          const type = lastFailure.applicationFailureInfo?.type ?? 'timeout';
          const message = lastFailure.message ?? '';
          return { workflowId, phase: activityType?.name ?? '', attempt: Number(attempt), type, message };
        }
      }
      if (performance.now() > deadline) throw new Error('no phase of a run in progress has failed');
      await sleep(200);
    }
  });
}
