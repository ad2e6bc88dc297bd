import { type WorkflowExecutionDescription, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import type { RunRecord } from '../../contract/backup.ts';
import { CommandError } from '../command-error.ts';
import type { Temporal } from '../connect.ts';
import { EXIT } from '../exit-codes.ts';
import { queryRunRecord, readPendingActivities } from './observe.ts';
import { recordOfExecution } from './run-record.ts';
import { matchPending, type RunView } from './run-view.ts';

export interface FollowOptions {
  /** The record as far as it is known: {@link emptyRecord} for a run that was just started. */
  known: RunRecord;
  /** Called after each look at a run in progress. */
  onView: (view: RunView) => void;
  /** Ends the watching, not the run. */
  signal: AbortSignal;
}

const LOOK_EVERY_MS = 500;
/** A look that asks the workflow itself is work for its worker, which has better to do: nothing changes there but by its history. */
const ASK_EVERY_LOOKS = 4;
/** So long may Temporal be away, as during its restart, before we give up watching. */
const SILENCE_ACCEPTED_MS = 60_000;

/**
 * Watches a run until it ends or `signal` is aborted, and returns the last record: with the outcome `running` after an abort.
 *
 * @throws {CommandError} Unreachable, when Temporal does not answer for a minute. The run itself is not touched by that.
 */
export async function followRun(temporal: Temporal, handle: WorkflowHandle, options: FollowOptions): Promise<RunRecord> {
  const describe = createPatientDescribe(handle, options);
  const ended = hasEnded(handle, options.signal);
  let record = options.known;
  let isWorkerSilent = false;
  let askedAt = { look: 0, historyLength: 0 };
  for (let look = ASK_EVERY_LOOKS; !options.signal.aborted; look++) {
    const description = await describe();
    if (description === undefined) break;
    if (description.status.name !== 'RUNNING') return recordOfExecution(description, record);
    const { historyLength } = description;
    if (historyLength !== askedAt.historyLength || look - askedAt.look >= ASK_EVERY_LOOKS) {
      const answer = await queryRunRecord(temporal, handle);
      // A workflow learns its host from its first phase only.
      if (answer !== undefined) record = answer.host === '' ? { ...answer, host: record.host } : answer;
      isWorkerSilent = answer === undefined;
      askedAt = { look, historyLength };
    }
    const activities = await readPendingActivities(temporal, description);
    options.onView({ record, pending: matchPending(record, activities), isWorkerSilent });
    await pause(LOOK_EVERY_MS, ended.aborted ? options.signal : ended);
  }
  return record;
}

/** Aborted when the run has ended, which Temporal tells at once, or when `signal` is. */
function hasEnded(handle: WorkflowHandle, signal: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const end = () => controller.abort();
  // Only a result or the run's own failure says that it is over: Temporal may also be away.
  handle.result().then(end, (error: unknown) => {
    if (error instanceof WorkflowFailedError) end();
  });
  return AbortSignal.any([signal, controller.signal]);
}

/** Describes a run, again and again where Temporal does not answer. Undefined after an abort. */
function createPatientDescribe(
  handle: WorkflowHandle,
  { known, signal }: FollowOptions,
): () => Promise<WorkflowExecutionDescription | undefined> {
  return async () => {
    const giveUpAt = Date.now() + SILENCE_ACCEPTED_MS;
    while (!signal.aborted) {
      try {
        return await handle.describe();
      } catch (error) {
        if (!isServiceError(error)) throw error;
        if (Date.now() > giveUpAt)
          throw new CommandError('Unreachable', EXIT.unreachable, silenceMessage(known), { cause: error });
        await pause(LOOK_EVERY_MS, signal);
      }
    }
    return undefined;
  };
}

function silenceMessage({ plan, workflowId }: RunRecord): string {
  return [
    `Temporal has not answered for a minute, so the run ${workflowId} cannot be followed.`,
    `It is not lost and goes on when the server is back. See how it ended: holdfast history ${plan}`,
  ].join('\n');
}

function isServiceError(error: unknown): boolean {
  return error instanceof Error && error.name === 'ServiceError';
}

async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, durationMs);
    signal.addEventListener('abort', finish, { once: true });
  });
}
