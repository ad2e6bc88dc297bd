import type { Arrival, PhaseResult, QueuedResult, RunRecord, RunReference, SourceReference } from './backup.ts';

/** Input of the workflow `verifyRestore`. It names things and never describes them. */
export interface VerifyInput {
  /** Name of a plan in the worker's `holdfast.yaml`. */
  plan: string;
  /** Id of a snapshot of the plan, or the beginning of one; else the newest complete snapshot is drilled. */
  snapshot?: string;
  /** As in `BackupInput`: what to do while another drill of the plan is in progress. */
  when_busy?: 'wait' | 'refuse';
}

/** `skipped`: it could not be tried, and `message` says what would help. */
export type CheckStatus = 'pass' | 'fail' | 'skipped';

/** One thing that a drill looked at. Bounded: a message names at most 20 files or tables. */
export interface Check {
  /** What was looked at, beginning with the source where there is one: `sqlite/tracker integrity_check`. */
  name: string;
  status: CheckStatus;
  expected?: string | number;
  actual?: string | number;
  message?: string;
}

/** What a drill says in the end: `degraded` when nothing failed, but something could not be tried. */
export type DrillOutcome = 'pass' | 'fail' | 'degraded';

/** What a drill found so far. */
export interface DrillFindings {
  /** When the snapshot was made, ISO 8601. */
  snapshotTime?: string;
  /** Age of the snapshot at the start of the drill, in milliseconds: what a loss at that moment would have cost (RPO). */
  snapshotAgeMs?: number;
  /** How long restic took to lay the snapshot out, in milliseconds: the least that a restore takes (RTO). */
  restoreMs?: number;
  /** Files and bytes that came back. */
  files?: number;
  bytes?: number;
  checks: Check[];
  /** Absolute path of the evidence on the worker's machine, in JSON; beside it lies the same as Markdown. */
  evidencePath?: string;
}

/** A drill as its query, its memo and `reportDrill` have it. `partial` stands for a degraded drill. */
export interface DrillRecord extends RunRecord {
  drill: DrillFindings;
}

export interface OpenDrillResult extends PhaseResult {
  plan: string;
  host: string;
  /** 64 hexadecimal digits. */
  snapshotId: string;
  /** ISO 8601. */
  snapshotTime: string;
  hasArchive: boolean;
  /** As in `OpenRunResult`. */
  deadlineMs: number;
  hasSearchAttributes: boolean;
}

/** What a phase of a drill looked at. */
export interface CheckResult extends PhaseResult {
  checks: Check[];
}

export interface RestoreForDrillResult extends CheckResult {
  /** False when the snapshot could not be restored: then `checks` says why, and nothing else can be looked at. */
  isRestored: boolean;
  restoreMs: number;
  files: number;
  bytes: number;
  /** Databases that the manifest names; whether they are still in the plan does not matter. */
  databases: SourceReference[];
}

export interface ReportDrillResult extends PhaseResult {
  /** Undefined for a drill that has shown nothing: cancelled, or refused because of another one. */
  evidencePath?: string;
  /** Positions of the notifications that are due. */
  notifications: number[];
}

export interface OpenDrillInput {
  workflowId: string;
  runId: string;
  startedAt: string;
  /** Absent in drills that were begun by a release that did not look at it. */
  arrival?: Arrival;
  /** The workflow's input as it came: it may be anything, and is judged by the activity. */
  input: unknown;
}

export interface DrillInput {
  run: RunReference;
}

export interface RestoreForDrillInput extends DrillInput {
  snapshotId: string;
}

export interface VerifyDatabaseInput extends DrillInput {
  source: SourceReference;
}

export interface JudgeDrillInput extends DrillInput {
  snapshotId: string;
  checks: Check[];
}

export interface ReportDrillInput {
  record: DrillRecord;
}

/** The phases of a drill. Each is safe to repeat, and none touches anything but its scratch directory. */
export interface VerifyActivities {
  openDrill(input: OpenDrillInput): Promise<OpenDrillResult | QueuedResult>;
  restoreForDrill(input: RestoreForDrillInput): Promise<RestoreForDrillResult>;
  verifyFiles(input: DrillInput): Promise<CheckResult>;
  verifyDatabase(input: VerifyDatabaseInput): Promise<CheckResult>;
  verifyArchive(input: DrillInput): Promise<CheckResult>;
  judgeDrill(input: JudgeDrillInput): Promise<PhaseResult>;
  closeDrill(input: DrillInput): Promise<PhaseResult>;
  reportDrill(input: ReportDrillInput): Promise<ReportDrillResult>;
}
