import type { ScheduleDescription } from '@temporalio/client';
import type { Configuration, Plan } from '../../config/types.ts';
import type { RunRecord } from '../../contract/backup.ts';
import { backupScheduleId } from '../../contract/names.ts';
import { type Progress, WAITING_FOR } from '../../contract/progress.ts';
import type { DrillRecord } from '../../contract/verify.ts';
import type { Temporal } from '../connect.ts';
import { readRetentionMs } from '../namespace.ts';
import { DRILLS, listRuns } from '../runs/list-runs.ts';
import { queryRunRecord, readPendingActivities } from '../runs/observe.ts';
import { isRefused } from '../runs/run-record.ts';
import { matchPending } from '../runs/run-view.ts';
import { toDrillRecord } from '../runs/start-drill.ts';
import { findWorkers } from '../worker-presence.ts';
import { isOverdue, scheduleIntervalMs } from './cadence.ts';
import { findOwedStarts } from './owed-hooks.ts';
import type { HostStatus, PlanStatus, RunningNow, ScheduleStatus } from './plan-status.ts';

/** The last success of a plan is looked for among so many runs. */
const LOOK_BACK_RUNS = 200;

/** Gathers where all plans of a host stand. Works without a worker; only the phases of runs in progress are then missing. */
export async function collectStatus(temporal: Temporal, configuration: Configuration): Promise<HostStatus> {
  const { host } = configuration;
  const workers = await findWorkers(temporal, host);
  const retentionMs = await readRetentionMs(temporal);
  const plans: PlanStatus[] = [];
  for (const plan of configuration.plans.values()) plans.push(await collectPlan(temporal, { host, plan, retentionMs }));
  return { host, workers, plans, owedStarts: await findOwedStarts(configuration) };
}

interface PlanQuestion {
  host: string;
  plan: Plan;
  retentionMs: number | undefined;
}

function isGood({ outcome }: RunRecord): boolean {
  return outcome === 'succeeded';
}

async function collectPlan(temporal: Temporal, { host, plan, retentionMs }: PlanQuestion): Promise<PlanStatus> {
  const runs = await listRuns(temporal, { host, plan: plan.name, limit: LOOK_BACK_RUNS, until: isGood });
  const schedule = await readSchedule(temporal, backupScheduleId(host, plan.name));
  const lastGood = runs.find(isGood);
  const open = runs.filter(({ outcome }) => outcome === 'running');
  return {
    plan: plan.name,
    lastRun: runs.find((run) => run.outcome !== 'running' && !isRefused(run)),
    lastGood,
    lastDrill: await findLastDrill(temporal, host, plan.name),
    running: await Promise.all(open.map(async (run) => readRunning(temporal, run))),
    schedule,
    isScheduled: plan.schedule !== undefined,
    isOverdue: isPlanOverdue(plan, { actual: schedule, lastGood, retentionMs }),
  };
}

async function findLastDrill(temporal: Temporal, host: string, plan: string): Promise<DrillRecord | undefined> {
  const drills = await listRuns(temporal, { host, plan, kind: DRILLS, limit: LOOK_BACK_RUNS, until: hasShownSomething });
  const last = drills.find(hasShownSomething);
  return last === undefined ? undefined : toDrillRecord(last);
}

/** Refused and cancelled drills have shown nothing. */
function hasShownSomething({ outcome, failure }: RunRecord): boolean {
  return outcome !== 'running' && outcome !== 'cancelled' && failure?.type !== 'PlanBusy';
}

function isPlanOverdue(
  { schedule, maxAgeMs }: Plan,
  known: { actual: ScheduleStatus | undefined; lastGood: RunRecord | undefined; retentionMs: number | undefined },
): boolean {
  const { actual, lastGood, retentionMs } = known;
  // Before the first apply nothing was promised, unless the plan itself does.
  if (maxAgeMs === undefined && actual === undefined) return false;
  const now = new Date();
  return isOverdue({
    intervalMs: schedule && scheduleIntervalMs(schedule, now),
    maxAgeMs,
    lastGoodAt: lastGood?.startedAt,
    scheduledSince: new Date(actual?.createdAt ?? 0),
    retentionMs,
    now,
  });
}

async function readRunning(temporal: Temporal, run: RunRecord): Promise<RunningNow> {
  const handle = temporal.client.workflow.getHandle(run.workflowId, run.runId);
  const record = (await queryRunRecord(temporal, handle)) ?? run;
  const pending = matchPending(record, await readPendingActivities(temporal, await handle.describe()));
  const phases = record.phases
    .filter(({ status }) => status === 'running')
    .map(({ name }) => describeProgress(name, pending.get(name)?.progress));
  return { record, phases };
}

function describeProgress(name: string, progress: Progress | undefined): string {
  if (progress?.phase.startsWith(WAITING_FOR) === true) return `${name} ${progress.phase}`;
  return progress?.percent === undefined ? name : `${name} ${Math.floor(progress.percent)} %`;
}

async function readSchedule({ client }: Temporal, id: string): Promise<ScheduleStatus | undefined> {
  try {
    return toScheduleStatus(await client.schedule.getHandle(id).describe());
  } catch (error) {
    if (error instanceof Error && error.name === 'ScheduleNotFoundError') return undefined;
    throw error;
  }
}

function toScheduleStatus({ state, info }: ScheduleDescription): ScheduleStatus {
  return {
    isPaused: state.paused,
    pausedNote: state.note ?? '',
    nextTimes: info.nextActionTimes.map((time) => time.toISOString()),
    missedCatchUpWindow: info.numActionsMissedCatchupWindow,
    skippedOverlap: info.numActionsSkippedOverlap,
    createdAt: info.createdAt.toISOString(),
  };
}
