import type { Outcome, RunRecord } from './backup.ts';
import type { Check, DrillOutcome, DrillRecord } from './verify.ts';

/** A drill as `verify --json` prints it and as its evidence keeps it. Field names are our JSON format. */
export interface DrillDocument {
  plan: string;
  host: string;
  workflow_id: string;
  run_id: string;
  outcome: DrillOutcome | 'cancelled' | 'running';
  snapshot_id: string | null;
  snapshot_time: string | null;
  /** Age of the snapshot when the drill began (RPO). */
  snapshot_age_ms: number | null;
  /** How long restic took to restore it (RTO). */
  restore_ms: number | null;
  files: number | null;
  bytes: number | null;
  started_at: string;
  finished_at: string | null;
  duration_ms: number | null;
  checks: Check[];
  warnings: string[];
  evidence_path: string | null;
  /** Only in drills that did not pass. */
  failure?: { type: string; message: string; phase: string };
}

const OUTCOMES: Readonly<Record<Outcome | 'running', DrillDocument['outcome']>> = {
  succeeded: 'pass',
  partial: 'degraded',
  failed: 'fail',
  cancelled: 'cancelled',
  running: 'running',
};

/** What a drill is said to have come to. */
export function drillOutcome({ outcome }: Pick<RunRecord, 'outcome'>): DrillDocument['outcome'] {
  return OUTCOMES[outcome];
}

/** Writes a drill in our JSON format. What is not known is null, so that the fields are always there. */
export function toDrillDocument(record: DrillRecord): DrillDocument {
  const { drill } = record;
  return {
    plan: record.plan,
    host: record.host,
    workflow_id: record.workflowId,
    run_id: record.runId,
    outcome: drillOutcome(record),
    snapshot_id: record.snapshotId ?? null,
    ...measures(record),
    started_at: record.startedAt,
    finished_at: record.finishedAt ?? null,
    duration_ms: record.finishedAt === undefined ? null : Date.parse(record.finishedAt) - Date.parse(record.startedAt),
    checks: drill.checks,
    warnings: record.warnings,
    evidence_path: drill.evidencePath ?? null,
    ...(record.failure === undefined ? {} : { failure: record.failure }),
  };
}

function measures({
  drill,
}: DrillRecord): Pick<DrillDocument, 'snapshot_time' | 'snapshot_age_ms' | 'restore_ms' | 'files' | 'bytes'> {
  return {
    snapshot_time: drill.snapshotTime ?? null,
    snapshot_age_ms: drill.snapshotAgeMs ?? null,
    restore_ms: drill.restoreMs ?? null,
    files: drill.files ?? null,
    bytes: drill.bytes ?? null,
  };
}

const MARKS = { pass: '✔ pass', fail: '✘ fail', skipped: '– skipped' } as const;

/** The checks as a Markdown table: in the Web UI's details of a run, and in the evidence. */
export function renderCheckTable(checks: readonly Check[]): string[] {
  const rows = checks.map(({ name, status, expected = '', actual = '', message = '' }) =>
    [name, MARKS[status], expected, actual, message].map((cell) => toCell(String(cell))).join(' | '),
  );
  return ['| check | result | expected | found | note |', '|:---|:---|:---|:---|:---|', ...rows.map((row) => `| ${row} |`)];
}

/** File names and queries may hold anything. */
function toCell(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}
