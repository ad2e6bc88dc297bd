import type { MetricMeter } from '@temporalio/common';
import type { RunRecord } from '../contract/backup.ts';
import { drillOutcome } from '../contract/drill-document.ts';
import type { MaintenanceTask } from '../contract/maintenance.ts';
import type { DrillRecord } from '../contract/verify.ts';

/** Counts ended runs, for Prometheus. Labels are plan and outcome: never a run id, a path or a message. */
export interface RunMetrics {
  record(run: RunRecord): void;
  /** Counts a drill that ended. */
  recordDrill(drill: DrillRecord): void;
  /** Sets the time of the last drill and its restore time from what the state directory remembers. */
  seedDrill(drill: DrillRecord): void;
  /** Notes the time of a check or prune that succeeded. */
  recordMaintenance(task: MaintenanceTask, run: RunRecord): void;
  /** Notes whether after_dump of a plan is owed, and how often it has failed. */
  recordHooks(this: void, plan: string, owed: boolean, failedAttempts: number): void;
  /** Sets the time of the last success from what the state directory remembers: a restart must not look like "never". */
  seed(run: RunRecord): void;
}

/** Creates the metrics of a worker; they are served beside Temporal's own, without its prefix. */
export function createRunMetrics(meter: MetricMeter): RunMetrics {
  const runs = meter.createCounter('holdfast_runs_total', 'run', 'Backup runs that ended, by outcome.');
  const lastSuccess = meter.createGauge(
    'holdfast_last_success_timestamp_seconds',
    'int',
    's',
    'End of the last run that succeeded.',
  );
  const duration = meter.createGauge('holdfast_last_run_duration_seconds', 'float', 's', 'How long the last run took.');
  const processed = meter.createGauge('holdfast_last_run_processed_bytes', 'int', 'By', 'Size of what the last run backed up.');
  const added = meter.createGauge('holdfast_last_run_added_bytes', 'int', 'By', 'What the repository grew by in the last run.');
  const lastMaintenance = {
    check: meter.createGauge(
      'holdfast_last_check_timestamp_seconds',
      'int',
      's',
      'End of the last check that found a repository whole.',
    ),
    prune: meter.createGauge('holdfast_last_prune_timestamp_seconds', 'int', 's', 'End of the last prune of a repository.'),
  };

  function seed(run: RunRecord): void {
    const tags = { plan: run.plan };
    const finishedAt = Date.parse(run.finishedAt ?? run.startedAt);
    if (run.outcome === 'succeeded') lastSuccess.set(Math.floor(finishedAt / 1000), tags);
    duration.set((finishedAt - Date.parse(run.startedAt)) / 1000, tags);
    if (run.bytesProcessed !== undefined) processed.set(run.bytesProcessed, tags);
    if (run.bytesAdded !== undefined) added.set(run.bytesAdded, tags);
  }

  return {
    ...createDrillMetrics(meter),
    ...createHookMetrics(meter),
    seed,
    recordMaintenance(task, run) {
      if (run.outcome !== 'succeeded') return;
      lastMaintenance[task].set(Math.floor(Date.parse(run.finishedAt ?? run.startedAt) / 1000), { repository: run.plan });
    },
    record(run) {
      // Refused while another run was in progress: nothing failed.
      if (run.failure?.type === 'PlanBusy') return;
      runs.add(1, { plan: run.plan, outcome: run.outcome });
      seed(run);
    },
  };
}

function createDrillMetrics(meter: MetricMeter): Pick<RunMetrics, 'recordDrill' | 'seedDrill'> {
  const drills = meter.createCounter('holdfast_drills_total', 'drill', 'Drills that ended, by outcome: pass, fail, degraded.');
  const lastDrill = meter.createGauge('holdfast_last_drill_timestamp_seconds', 'int', 's', 'End of the last drill.');
  const lastRestore = meter.createGauge(
    'holdfast_last_restore_seconds',
    'float',
    's',
    'How long the last drill took to restore.',
  );

  function seedDrill({ plan, outcome, drill, finishedAt, startedAt }: DrillRecord): void {
    if (outcome === 'cancelled') return;
    lastDrill.set(Math.floor(Date.parse(finishedAt ?? startedAt) / 1000), { plan });
    if (drill.restoreMs !== undefined) lastRestore.set(drill.restoreMs / 1000, { plan });
  }

  return {
    seedDrill,
    recordDrill(record) {
      drills.add(1, { plan: record.plan, outcome: drillOutcome(record) });
      seedDrill(record);
    },
  };
}

function createHookMetrics(meter: MetricMeter): Pick<RunMetrics, 'recordHooks'> {
  const owed = meter.createGauge(
    'holdfast_hooks_owed',
    'int',
    'plan',
    '1 while before_dump of a plan has run and after_dump has not.',
  );
  const failed = meter.createGauge(
    'holdfast_hooks_failed_attempts',
    'int',
    'attempt',
    'How often the after_dump that is owed has failed.',
  );
  return {
    recordHooks(plan, isOwed, failedAttempts) {
      owed.set(isOwed ? 1 : 0, { plan });
      failed.set(failedAttempts, { plan });
    },
  };
}
