import type { PhaseRecord, RunRecord } from '../../contract/backup.ts';

/** A run as `backup --json` and `history --json` print it. Field names are our JSON format. */
export interface RunDocument {
  plan: string;
  workflow_id: string;
  run_id: string;
  /** `succeeded`, `partial`, `failed` or `cancelled`; `running` when the run was left to itself. */
  outcome: RunRecord['outcome'];
  snapshot_id: string | null;
  /** When it should have begun: by its schedule, else when it was asked for. */
  due_at: string | null;
  /** How long it waited because no worker was there; null when it did not. */
  waited_for_worker_ms: number | null;
  /** How long other runs of the host went first; null when none did. */
  waited_for_turn_ms: number | null;
  /** When the work began. */
  started_at: string;
  finished_at: string | null;
  duration_ms: number | null;
  bytes_processed: number | null;
  bytes_added: number | null;
  archive: { path: string; bytes: number } | null;
  phases: PhaseDocument[];
  warnings: string[];
  /** Only in failed runs. */
  failure?: { type: string; message: string; phase: string };
}

export interface PhaseDocument {
  name: string;
  status: PhaseRecord['status'];
  started_at: string;
  duration_ms: number | null;
  attempts: number | null;
  bytes: number | null;
}

/** Writes a record in our JSON format. What is not known is null, so that the fields are always there. */
export function toRunDocument(record: RunRecord): RunDocument {
  return {
    plan: record.plan,
    workflow_id: record.workflowId,
    run_id: record.runId,
    outcome: record.outcome,
    snapshot_id: record.snapshotId ?? null,
    due_at: record.dueAt ?? null,
    waited_for_worker_ms: record.waitedForWorkerMs ?? null,
    waited_for_turn_ms: record.waitedForTurnMs ?? null,
    started_at: record.startedAt,
    finished_at: record.finishedAt ?? null,
    duration_ms: runDurationMs(record) ?? null,
    bytes_processed: record.bytesProcessed ?? null,
    bytes_added: record.bytesAdded ?? null,
    archive: record.archive ?? null,
    phases: record.phases.map(toPhaseDocument),
    warnings: record.warnings,
    ...(record.failure === undefined ? {} : { failure: record.failure }),
  };
}

/** From start to end in milliseconds; undefined while the run is in progress. */
export function runDurationMs({ startedAt, finishedAt }: RunRecord): number | undefined {
  return finishedAt === undefined ? undefined : Date.parse(finishedAt) - Date.parse(startedAt);
}

/** One phase in our JSON format. */
export function toPhaseDocument({ name, status, startedAt, durationMs, attempts, bytes }: PhaseRecord): PhaseDocument {
  return {
    name,
    status,
    started_at: startedAt,
    duration_ms: durationMs ?? null,
    attempts: attempts ?? null,
    bytes: bytes ?? null,
  };
}
