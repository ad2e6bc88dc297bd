import { randomBytes } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { taskQueueName } from '../contract/names.ts';
import type { Temporal } from './connect.ts';
import { requireWorker } from './worker-presence.ts';

export interface Question {
  host: string;
  /** Workflow type. */
  workflow: string;
  /** Of the workflow; nothing when it takes none. */
  input?: object;
  /** One line for the Web UI. */
  summary: string;
}

/** A worker that goes away in between does not leave the question open for ever. */
const ANSWER_WITHIN_MS = 10 * 60 * 1000;

/**
 * Asks the worker's machine by a short workflow, and waits for the answer.
 *
 * @throws {CommandError} NoWorker, when none is there to ask.
 * @throws {WorkflowFailedError} with the failure that the worker answered with.
 */
export async function askWorker<Answer>(temporal: Temporal, question: Question): Promise<Answer> {
  const handle = await startQuestion(temporal, question, { workflowExecutionTimeout: ANSWER_WITHIN_MS });
  const answer: unknown = await handle.result();
  return answer as Answer;
}

/** Starts a question and leaves the waiting to the caller. @throws {CommandError} NoWorker, when none is there to ask. */
export async function startQuestion(
  temporal: Temporal,
  { host, workflow, input, summary }: Question,
  limits: { workflowExecutionTimeout?: number } = {},
): Promise<WorkflowHandle> {
  await requireWorker(temporal, host);
  const timestamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  return temporal.client.workflow.start(workflow, {
    workflowId: `${workflow}/${host}/${timestamp}-${randomBytes(2).toString('hex')}`,
    taskQueue: taskQueueName(host),
    args: input === undefined ? [] : [input],
    staticSummary: summary,
    ...limits,
  });
}
