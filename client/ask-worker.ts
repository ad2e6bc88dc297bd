import { randomBytes } from 'node:crypto';
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
  await requireWorker(temporal, question.host);
  const timestamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const answer: unknown = await temporal.client.workflow.execute(question.workflow, {
    workflowId: `${question.workflow}/${question.host}/${timestamp}-${randomBytes(2).toString('hex')}`,
    taskQueue: taskQueueName(question.host),
    args: question.input === undefined ? [] : [question.input],
    staticSummary: question.summary,
    workflowExecutionTimeout: ANSWER_WITHIN_MS,
  });
  return answer as Answer;
}
