import { ActivityFailure, ApplicationFailure, proxyActivities } from '@temporalio/workflow';

/** What somebody who reaches the frontend can write himself: a workflow with the name of one of ours that has anything done. */
export async function backup(taskQueue: string, activity: string, input: unknown): Promise<string> {
  const run = proxyActivities<Record<string, (input: unknown) => Promise<unknown>>>({
    taskQueue,
    startToCloseTimeout: 30_000,
    retry: { maximumAttempts: 1 },
  })[activity];
  try {
    await run?.(input);
    return 'done';
  } catch (error) {
    const cause = error instanceof ActivityFailure ? error.cause : error;
    return cause instanceof ApplicationFailure ? `${cause.type}: ${cause.message}` : String(cause);
  }
}

/** The same under a name that we have not. */
export const stranger = backup;
