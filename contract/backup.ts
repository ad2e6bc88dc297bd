import type { Maintained } from './maintenance.ts';
import type { Restored } from './restore.ts';

/** Input of the workflow `backup`. It names things and never describes them: no path, command, host or secret. */
export interface BackupInput {
  /** Name of a plan in the worker's `holdfast.yaml`. */
  plan: string;
  /**
   * What to do while another run of the plan is in progress: `wait` for it (scheduled runs, the default), or `refuse` at once
   * with PlanBusy, naming the run in progress.
   */
  when_busy?: 'wait' | 'refuse';
}

/** Identity of a run, handed to each of its phases. */
export interface RunReference {
  plan: string;
  workflowId: string;
  /** Temporal's run id: the tag `run:<id>` of the snapshot and the fence of the stage. */
  runId: string;
  /**
   * When the work began, ISO 8601 in UTC: a worker had the run, and its turn had come. It dates archive and manifest, so that a retry
   * makes the same names and a run that waited for days is not taken for one of the day on which it was due.
   */
  startedAt: string;
}

/** When a run came to a worker. Times are ISO 8601 in UTC. */
export interface Arrival {
  /** When its schedule has it; absent in runs that were asked for. */
  scheduledAt?: string;
  /** When Temporal started it. */
  requestedAt: string;
  /** When a worker first had it. */
  arrivedAt: string;
}

/** Kinds of source. A new database adds its name here, in the schema and in the registry. */
export const SOURCE_KINDS = ['files', 'sqlite', 'mysql'] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

/** One source of a plan. */
export interface SourceReference {
  kind: SourceKind;
  name: string;
}

/** The way a source is written in the CLI, in results and in the manifest: `sqlite/tracker`. */
export function sourceId(source: SourceReference): string {
  return `${source.kind}/${source.name}`;
}

/** Every result carries the attempt that succeeded, counted from 1, and what an operator should know of. */
export interface PhaseResult {
  attempt: number;
  /** Sentences for the operator. At most 20 travel, the last one then says how many more there were. */
  warnings: string[];
}

/** What the workflow needs to know of a plan; the rest stays on the worker's disk. */
export interface OpenRunResult extends PhaseResult {
  plan: string;
  host: string;
  sources: SourceReference[];
  hasArchive: boolean;
  hasRetention: boolean;
  /** Missing in runs that began when openRun itself still opened the repository: they have no phase probeRepository. */
  hasProbe?: true;
  /** Milliseconds from `startedAt` of the run until nothing is retried any more. */
  deadlineMs: number;
  /** False where the search attributes are not registered: setting them would then block the workflow for ever. */
  hasSearchAttributes: boolean;
  /** Only of a plan with hooks: then beforeDump and afterDump go around the dumps. */
  hooks?: {
    /** Milliseconds from beforeDump until the dumps must be over. */
    maxStoppedMs: number;
  };
}

export interface AfterDumpResult extends PhaseResult {
  /** True when something else had to undo before_dump while the dumps were made: they are to be made anew. */
  wasUndoneBefore: boolean;
}

/** In place of the result of `openRun` or `openDrill`: it is to wait in `awaitTurn`, and then to open again. */
export interface QueuedResult extends PhaseResult {
  /** Whose end it waits for: `plan <name> (run <workflow id>)`. */
  queuedBehind: string;
}

/** A source now lies in the stage. */
export interface StageSourceResult extends PhaseResult {
  /** `sqlite/tracker` */
  source: string;
  bytes: number;
  files: number;
  /** How it was made, for example `pin and copy`, `mariadb-dump 10.11`. */
  method: string;
}

export interface SealStageResult extends PhaseResult {
  bytes: number;
  files: number;
  /** Sources that shrank by more than the plan's `max_shrink` since the last good run: forgetting is then held back. */
  shrunken: string[];
}

export interface WriteArchiveResult extends PhaseResult {
  /** Absolute path on the worker's machine. */
  path: string;
  bytes: number;
}

export interface CreateSnapshotResult extends PhaseResult {
  /** 64 hexadecimal digits. */
  snapshotId: string;
  /** False after restic's exit 3: some files could not be read, and the snapshot lacks them. */
  isComplete: boolean;
  bytesProcessed: number;
  /** Bytes that the repository grew by, after compression and encryption. */
  bytesAdded: number;
  filesProcessed: number;
}

export interface ForgetSnapshotsResult extends PhaseResult {
  kept: number;
  removed: number;
}

export interface RotateArchivesResult extends PhaseResult {
  kept: number;
  removed: number;
}

export interface ReportRunResult extends PhaseResult {
  /** Which of the configured notifications are due: positions in the list of `holdfast.yaml`, from 0. */
  notifications: number[];
}

export type Outcome = 'succeeded' | 'partial' | 'failed' | 'cancelled';

export type PhaseStatus = 'running' | 'done' | 'failed' | 'cancelled' | 'skipped';

/** One row of a run, in the order in which phases started. */
export interface PhaseRecord {
  /** Activity type, with the source where there is one: `dumpSqlite sqlite/tracker`. */
  name: string;
  status: PhaseStatus;
  /** ISO 8601 in UTC. */
  startedAt: string;
  durationMs?: number;
  attempts?: number;
  bytes?: number;
}

/** Everything that is known of a run: its result, its memo and what `reportRun` keeps. Field names are our JSON format. */
export interface RunRecord {
  /** Of a check or prune, which belong to no plan: the name of the repository. */
  plan: string;
  host: string;
  workflowId: string;
  runId: string;
  outcome: Outcome | 'running';
  /** When the work began: a worker had the run, and its turn had come. */
  startedAt: string;
  /** When it should have begun: as its schedule has it, else when it was asked for. */
  dueAt?: string;
  /** Present when no worker was there to take it: for how long. */
  waitedForWorkerMs?: number;
  /** Present when other runs of the host went first: for how long. */
  waitedForTurnMs?: number;
  finishedAt?: string;
  snapshotId?: string;
  bytesProcessed?: number;
  bytesAdded?: number;
  archive?: { path: string; bytes: number };
  /** Restores only. */
  restored?: Restored;
  /** Checks and prunes only. */
  maintained?: Maintained;
  phases: PhaseRecord[];
  warnings: string[];
  failure?: { type: string; message: string; phase: string };
}
