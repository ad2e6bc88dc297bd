import type { RunRecord } from '../../contract/backup.ts';
import { type DrillDocument, toDrillDocument } from '../../contract/drill-document.ts';
import type { DrillRecord } from '../../contract/verify.ts';
import { type RunDocument, toRunDocument } from '../runs/run-document.ts';
import type { OwedStart } from './owed-hooks.ts';

/** Where a plan stands. Times are ISO 8601 in UTC. */
export interface PlanStatus {
  plan: string;
  /** The newest run that has ended, other than those that were refused. */
  lastRun: RunRecord | undefined;
  /** The newest run that succeeded. */
  lastGood: RunRecord | undefined;
  /** The newest drill that has shown something. */
  lastDrill: DrillRecord | undefined;
  /** Runs in progress; more than one when some wait for the first. */
  running: RunningNow[];
  /** undefined when the plan has no schedule in Temporal. */
  schedule: ScheduleStatus | undefined;
  /** True when the configuration has a schedule for it. */
  isScheduled: boolean;
  isOverdue: boolean;
}

export interface RunningNow {
  record: RunRecord;
  /** Open phases, each with its percentage where one is known: `dumpSqlite sqlite/tracker 40 %`. */
  phases: string[];
}

export interface ScheduleStatus {
  isPaused: boolean;
  pausedNote: string;
  nextTimes: string[];
  /** Runs that were due while Temporal or the machine was away for too long. */
  missedCatchUpWindow: number;
  /** Runs that were due while the run before was still in progress. */
  skippedOverlap: number;
  createdAt: string;
}

export interface HostStatus {
  host: string;
  /** Identities of the workers that poll the host's task queue. */
  workers: string[];
  plans: PlanStatus[];
  /** What hooks have stopped, as far as it can be seen from here. */
  owedStarts: OwedStart[];
}

/** Host status as `status --json` prints it. */
export function toStatusDocument({ host, workers, plans, owedStarts }: HostStatus): unknown {
  return {
    host,
    worker: { polling: workers.length > 0, identities: workers },
    plans: plans.map(toPlanDocument),
    stopped_by_hooks: owedStarts.map(({ plan, since, failure, command }) => ({ plan, since, failure: failure ?? null, command })),
  };
}

function toPlanDocument(status: PlanStatus): unknown {
  return {
    plan: status.plan,
    overdue: status.isOverdue,
    last_run: toOptionalRun(status.lastRun),
    last_good_run: toOptionalRun(status.lastGood),
    last_drill: toOptionalDrill(status.lastDrill),
    running: status.running.map(({ record, phases }) => ({
      workflow_id: record.workflowId,
      run_id: record.runId,
      started_at: record.startedAt,
      phases,
    })),
    schedule: toOptionalSchedule(status.schedule),
  };
}

function toOptionalRun(record: RunRecord | undefined): RunDocument | null {
  return record === undefined ? null : toRunDocument(record);
}

function toOptionalDrill(record: DrillRecord | undefined): DrillDocument | null {
  return record === undefined ? null : toDrillDocument(record);
}

function toOptionalSchedule(schedule: ScheduleStatus | undefined): unknown {
  if (schedule === undefined) return null;
  return {
    paused: schedule.isPaused,
    paused_note: schedule.isPaused ? schedule.pausedNote : null,
    next_times: schedule.nextTimes,
    missed_catch_up_window: schedule.missedCatchUpWindow,
    skipped_overlap: schedule.skippedOverlap,
  };
}
