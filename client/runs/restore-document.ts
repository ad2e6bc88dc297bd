import type { RunRecord } from '../../contract/backup.ts';
import type { Overwrite, Restored } from '../../contract/restore.ts';
import { type PhaseDocument, toPhaseDocument } from './run-document.ts';

/** A restore as `restore --json` and `dump --json` print it. Field names are our JSON format. */
export interface RestoreDocument {
  plan: string;
  workflow_id: string;
  run_id: string;
  outcome: RunRecord['outcome'];
  /** Where the restored tree lies on the worker's machine; null when it was put back in place, loaded, or there is none. */
  path: string | null;
  snapshot_id: string | null;
  archive: string | null;
  /** When that backup was made. */
  backup_time: string | null;
  files: number | null;
  bytes: number | null;
  restore_ms: number | null;
  /** Whether each file is as the manifest says. */
  verified: boolean;
  overwrote: Overwrite[];
  kept: string[];
  phases: PhaseDocument[];
  warnings: string[];
  /** Only in failed restores. */
  failure?: { type: string; message: string; phase: string };
}

/** Writes the record of a restore in our JSON format. What is not known is null, so that the fields are always there. */
export function toRestoreDocument(record: RunRecord): RestoreDocument {
  const { restored } = record;
  const isDone = record.outcome === 'succeeded' || record.outcome === 'partial';
  return {
    plan: record.plan,
    workflow_id: record.workflowId,
    run_id: record.runId,
    outcome: record.outcome,
    ...(restored === undefined ? NOTHING : toFields(restored)),
    overwrote: isDone && restored !== undefined ? restored.overwrites : [],
    phases: record.phases.map(toPhaseDocument),
    warnings: record.warnings,
    ...(record.failure === undefined ? {} : { failure: record.failure }),
  };
}

type RestoredFields = Pick<
  RestoreDocument,
  'path' | 'snapshot_id' | 'archive' | 'backup_time' | 'files' | 'bytes' | 'restore_ms' | 'verified' | 'kept'
>;

/** Of a restore that did not come to choose its backup. */
const NOTHING: RestoredFields = {
  path: null,
  snapshot_id: null,
  archive: null,
  backup_time: null,
  files: null,
  bytes: null,
  restore_ms: null,
  verified: false,
  kept: [],
};

function toFields({ path, snapshotId, archive, time, files, bytes, restoreMs, verified, kept }: Restored): RestoredFields {
  return {
    path: path ?? null,
    snapshot_id: snapshotId ?? null,
    archive: archive ?? null,
    backup_time: time,
    files,
    bytes,
    restore_ms: restoreMs,
    verified,
    kept,
  };
}
