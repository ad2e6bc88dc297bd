import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  setCurrentDetails,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { Arrival, PhaseRecord, PhaseResult, RunRecord } from '../contract/backup.ts';
import type { FailureDetails } from '../contract/failures.ts';
import type { Progress } from '../contract/progress.ts';
import { readArrival, waitForWorkerMs } from './arrival.ts';
import { renderRunRecord } from './render-run-record.ts';

/** Keeps the record of a run up to date: for the query, the details that the Web UI shows, the memo and the report. */
export class RunRecorder {
  readonly record: RunRecord;
  readonly arrival: Arrival;
  readonly #render: (record: RunRecord) => string;

  /** To be made at the first moment of the workflow, which counts as its arrival. `render` makes the Markdown of the details. */
  constructor(plan: string, render: (record: RunRecord) => string = renderRunRecord) {
    this.#render = render;
    const info = workflowInfo();
    this.arrival = readArrival();
    const waitedMs = waitForWorkerMs(this.arrival);
    this.record = {
      plan,
      host: info.taskQueue.replace(/^holdfast-/, ''),
      workflowId: info.workflowId,
      runId: info.runId,
      outcome: 'running',
      // Not when Temporal started it: what waited for a worker over a weekend would have no time left.
      startedAt: this.arrival.arrivedAt,
      dueAt: this.arrival.scheduledAt ?? this.arrival.requestedAt,
      ...(waitedMs === undefined ? {} : { waitedForWorkerMs: waitedMs }),
      phases: [],
      warnings: [],
    };
  }

  /** Lets the work begin now: until here the run waited for its turn. Returns the new `startedAt`. */
  beginNow(): string {
    const { record } = this;
    const now = new Date();
    record.waitedForTurnMs = (record.waitedForTurnMs ?? 0) + now.getTime() - Date.parse(record.startedAt);
    record.startedAt = now.toISOString();
    return record.startedAt;
  }

  /** Records a phase from its start to its end. Its error is passed on. */
  async follow<Result extends PhaseResult & { bytes?: number }>(name: string, phase: () => Promise<Result>): Promise<Result> {
    const row: PhaseRecord = { name, status: 'running', startedAt: new Date().toISOString() };
    this.record.phases.push(row);
    this.show();
    try {
      const result = await phase();
      row.status = 'done';
      row.attempts = result.attempt;
      if (result.bytes !== undefined) row.bytes = result.bytes;
      this.warn(result.warnings.map((warning) => (name.includes(' ') ? `${name.split(' ')[1]}: ${warning}` : warning)));
      return result;
    } catch (error) {
      row.status = isCancellation(error) ? 'cancelled' : 'failed';
      const attempts = attemptsOf(error);
      if (attempts !== undefined) row.attempts = attempts;
      if (row.status === 'failed') this.record.failure ??= { ...describeFailure(error), phase: name };
      throw error;
    } finally {
      row.durationMs = Date.now() - Date.parse(row.startedAt);
      this.show();
    }
  }

  warn(warnings: string[]): void {
    this.record.warnings.push(...warnings);
  }

  /** Ends the record. Whatever was thrown decides between failed and cancelled. */
  finish(error: unknown): void {
    const { record } = this;
    record.finishedAt = new Date().toISOString();
    if (error === undefined) return this.show();
    record.outcome = isCancellation(error) ? 'cancelled' : 'failed';
    if (record.outcome === 'failed') record.failure ??= { ...describeFailure(error), phase: 'workflow' };
    else delete record.failure;
    this.show();
  }

  /** Shows the record in the Web UI as it stands. */
  show(): void {
    setCurrentDetails(this.#render(this.record));
  }
}

/** Type and message of what an activity failed with, for the record. */
export function describeFailure(error: unknown): { type: string; message: string } {
  const cause = rootOf(error);
  if (cause instanceof ApplicationFailure) return { type: cause.type ?? 'Unexpected', message: cause.message };
  if (cause instanceof TimeoutFailure) {
    if (cause.timeoutType === 'SCHEDULE_TO_CLOSE' && cause.lastHeartbeatDetails !== undefined) {
      return { type: 'ProcessTimeout', message: `the deadline passed while it was at work${describeProgress(cause)}.` };
    }
    return { type: 'ProcessTimeout', message: `no worker answered in time (${cause.timeoutType}). Is the worker running?` };
  }
  return { type: 'Unexpected', message: error instanceof Error ? error.message : String(error) };
}

function describeProgress({ lastHeartbeatDetails }: TimeoutFailure): string {
  const { phase, percent } = lastHeartbeatDetails as Partial<Progress>;
  return phase === undefined ? '' : ` (${phase}${percent === undefined ? '' : `, ${percent} %`})`;
}

/** The failure that says most: an attempt that timed out while retrying carries what the last attempt failed with. */
function rootOf(error: unknown): unknown {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof TimeoutFailure && cause.cause instanceof ApplicationFailure ? cause.cause : cause;
}

function attemptsOf(error: unknown): number | undefined {
  const cause = rootOf(error);
  if (!(cause instanceof ApplicationFailure)) return undefined;
  return (cause.details?.[0] as FailureDetails | undefined)?.attempt;
}

/** Name of the plan in a workflow's input, for the record only: an activity judges the input. */
export function planNameOf(input: unknown): string {
  const plan = typeof input === 'object' && input !== null && 'plan' in input ? input.plan : undefined;
  return typeof plan === 'string' ? plan.slice(0, 100) : workflowInfo().workflowId;
}
