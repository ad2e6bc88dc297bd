import type { RunRecord } from '../../contract/backup.ts';
import { drillOutcome } from '../../contract/drill-document.ts';
import type { DrillRecord } from '../../contract/verify.ts';

/** One sentence or two for a person, without markup. */
export function messageText(record: RunRecord | DrillRecord): string {
  const head = `${titleOf(record)} on ${record.host}: ${isDrill(record) ? drillOutcome(record) : record.outcome}.`;
  const failure =
    record.failure === undefined ? [] : [`${record.failure.phase}: ${record.failure.type}: ${record.failure.message}`];
  const snapshot = record.snapshotId === undefined ? [] : [`Snapshot ${record.snapshotId.slice(0, 8)}.`];
  return [head, ...failure, ...snapshot, ...record.warnings.slice(0, 5).map((warning) => `Warning: ${warning}`)].join('\n');
}

function titleOf(record: RunRecord | DrillRecord): string {
  if (isDrill(record)) return `Drill of ${record.plan}`;
  const { maintained, plan } = record;
  if (maintained === undefined) return `Backup of ${plan}`;
  return `${maintained.task === 'check' ? 'Check' : 'Prune'} of repository ${maintained.repository}`;
}

function kindOf(record: RunRecord | DrillRecord): string {
  if (isDrill(record)) return 'drill';
  return record.maintained?.task ?? 'backup';
}

/** The run for a program. `text` is what Slack and Mattermost show of it, `content` what Discord does. */
export function messageDocument(record: RunRecord | DrillRecord): Record<string, unknown> {
  const text = messageText(record);
  return {
    text,
    content: text.slice(0, 2_000),
    kind: kindOf(record),
    ...(isDrill(record) || record.maintained === undefined
      ? { plan: record.plan }
      : { repository: record.maintained.repository }),
    host: record.host,
    outcome: record.outcome,
    workflow_id: record.workflowId,
    run_id: record.runId,
    started_at: record.startedAt,
    finished_at: record.finishedAt ?? null,
    snapshot_id: record.snapshotId ?? null,
    bytes_processed: record.bytesProcessed ?? null,
    bytes_added: record.bytesAdded ?? null,
    warnings: record.warnings,
    failure: record.failure ?? null,
  };
}

function isDrill(record: RunRecord | DrillRecord): record is DrillRecord {
  return 'drill' in record;
}
