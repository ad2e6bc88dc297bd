import type { RunRecord } from '../../contract/backup.ts';
import { type RunDocument, toRunDocument } from './run-document.ts';

/** A check or prune as `--json` prints it. Field names are our JSON format. */
export interface MaintenanceDocument
  extends Pick<
    RunDocument,
    'workflow_id' | 'run_id' | 'outcome' | 'started_at' | 'finished_at' | 'duration_ms' | 'phases' | 'warnings' | 'failure'
  > {
  repository: string;
  /** Checks: `all`, a part such as `3/8`, or `none`. null until it has ended well. */
  data_read?: string | null;
  /** Prunes. null until it has ended well. */
  bytes_freed?: number | null;
  bytes_remaining?: number | null;
  bytes_unused?: number | null;
}

/** Writes the record of a check or prune in our JSON format. */
export function toMaintenanceDocument(task: 'check' | 'prune', record: RunRecord): MaintenanceDocument {
  const { plan: _p, snapshot_id: _s, bytes_processed: _b, bytes_added: _a, archive: _r, ...run } = toRunDocument(record);
  const { check, prune } = record.maintained ?? {};
  const result =
    task === 'check'
      ? { data_read: check?.dataRead ?? null }
      : {
          bytes_freed: prune?.bytesFreed ?? null,
          bytes_remaining: prune?.bytesRemaining ?? null,
          bytes_unused: prune?.bytesUnused ?? null,
        };
  return { repository: record.plan, ...run, ...result };
}
