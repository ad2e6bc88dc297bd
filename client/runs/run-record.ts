import type { WorkflowExecutionInfo } from '@temporalio/client';
import type { Outcome, RunRecord } from '../../contract/backup.ts';
import { RUN_RECORD_MEMO } from '../../contract/names.ts';

/** What is known of a run before its workflow said anything. */
export interface RunIdentity {
  plan: string;
  host: string;
  workflowId: string;
  runId: string;
  /** ISO 8601 in UTC. */
  startedAt: string;
}

/** Workflow execution as Temporal lists and describes it, as far as a record is made of it. */
export type RunExecution = Pick<WorkflowExecutionInfo, 'workflowId' | 'runId' | 'startTime' | 'closeTime' | 'memo'> & {
  status: { name: WorkflowExecutionInfo['status']['name'] };
};

/** Takes a value for a record when it looks like one; histories outlive releases, so nothing is taken for granted. */
export function readRunRecord(value: unknown): RunRecord | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const record = value as Partial<RunRecord>;
  const hasNames = typeof record.plan === 'string' && typeof record.outcome === 'string' && typeof record.startedAt === 'string';
  return hasNames && Array.isArray(record.phases) && Array.isArray(record.warnings) ? (record as RunRecord) : undefined;
}

/** The record of a run that has just been started. */
export function emptyRecord(identity: RunIdentity): RunRecord {
  return { ...identity, outcome: 'running', phases: [], warnings: [] };
}

/**
 * The record of a run out of its execution: the memo that it left, else what Temporal itself knows, as of a run that was
 * terminated or is still in progress. `known` is the last thing heard of it.
 */
export function recordOfExecution(execution: RunExecution, known: RunRecord): RunRecord {
  const left = readRunRecord(execution.memo?.[RUN_RECORD_MEMO]);
  const outcome = outcomeOf(execution.status.name);
  // A run that is terminated after it wrote its memo has still done what the memo says.
  if (left !== undefined && left.outcome !== 'running') return left;
  if (outcome === 'running') return { ...known, outcome };
  const finishedAt = execution.closeTime?.toISOString();
  return {
    ...known,
    outcome,
    ...(finishedAt === undefined ? {} : { finishedAt }),
    ...(outcome === 'failed' ? { failure: unexplainedFailure(execution, known) } : {}),
  };
}

/** Whether a run was turned away because another one of its plan was in progress: it says nothing of how the plan is. */
export function isRefused({ failure }: RunRecord): boolean {
  return failure?.type === 'PlanBusy' && failure.phase === 'openRun';
}

function outcomeOf(status: RunExecution['status']['name']): Outcome | 'running' {
  switch (status) {
    case 'COMPLETED':
      return 'succeeded';
    case 'CANCELLED':
      return 'cancelled';
    case 'RUNNING':
    case 'PAUSED':
    case 'CONTINUED_AS_NEW':
      return 'running';
    case 'FAILED':
    case 'TERMINATED':
    case 'TIMED_OUT':
    case 'UNSPECIFIED':
    case 'UNKNOWN':
      return 'failed';
  }
}

function unexplainedFailure({ status }: RunExecution, known: RunRecord): NonNullable<RunRecord['failure']> {
  const how = status.name.toLowerCase().replace('_', ' ');
  const message = `the run was ${how} from outside and could not clean up; the next run of the plan does that`;
  const phase = known.phases.find((candidate) => candidate.status === 'running')?.name ?? 'openRun';
  if (status.name === 'FAILED') return { type: 'Unexpected', message: 'the run failed before it could say why', phase };
  return { type: 'Unexpected', message, phase };
}
