import type { Arrival, PhaseResult, ReportRunResult, RunRecord } from './backup.ts';

/** What keeps a repository well: `check` looks whether it is whole, `prune` removes what no snapshot needs. */
export type MaintenanceTask = 'check' | 'prune';

/** Input of the workflow `check`. */
export interface CheckInput {
  /** Name of a repository in the worker's `holdfast.yaml`. */
  repository: string;
  /** Reads all data, instead of the part whose turn it is. */
  read_data?: boolean;
}

/** Input of the workflow `prune`. */
export interface PruneInput {
  /** Name of a repository in the worker's `holdfast.yaml`. */
  repository: string;
}

export interface OpenMaintenanceInput {
  task: MaintenanceTask;
  /** When a worker first had it, ISO 8601 in UTC. */
  startedAt: string;
  /** Absent in runs that were begun by a release that did not look at it. */
  arrival?: Arrival;
  /** The workflow's input as it came: it may be anything, and is judged by the activity. */
  input: unknown;
}

export interface OpenMaintenanceResult extends PhaseResult {
  repository: string;
  host: string;
  readsAllData: boolean;
  /** Milliseconds from `startedAt` of the run until nothing is retried any more. */
  deadlineMs: number;
  /** False where the search attributes are not registered: setting them would then block the workflow for ever. */
  hasSearchAttributes: boolean;
}

export interface CheckRepositoryInput {
  repository: string;
  readsAllData: boolean;
}

export interface CheckResult {
  /** What was read beyond the structure: `all` data, a part such as `3/8`, or `none`. */
  dataRead: string;
  /** There is data that no snapshot needs. */
  suggestsPrune: boolean;
}

export interface PruneRepositoryInput {
  repository: string;
}

/** Sizes are restic's own and, up to 0.19.1, rounded to a thousandth of their unit. */
export interface PruneResult {
  bytesFreed: number;
  bytesRemaining: number;
  /** Of what remains: needed by no snapshot, but not worth the repacking. */
  bytesUnused: number;
}

/** What a check or prune adds to the record of its run. */
export interface Maintained {
  task: MaintenanceTask;
  repository: string;
  check?: CheckResult;
  prune?: PruneResult;
}

export interface ReportMaintenanceInput {
  task: MaintenanceTask;
  record: RunRecord;
}

/** Input of the workflow `unlockRepository`. */
export interface UnlockRepositoryInput {
  repository: string;
  /** That somebody saw the locks, and agreed to the removal of those that are dead. */
  confirmed: boolean;
}

/** `live`: its process runs. `dead`: restic takes it for dead. `unknown`: only whoever knows that machine can tell. */
export type LockState = 'live' | 'dead' | 'unknown';

export interface LockDescription {
  /** 64 hexadecimal digits. */
  id: string;
  state: LockState;
  exclusive: boolean;
  /** The operating system's name of the machine or container, not the `host` of a configuration. */
  machine: string;
  user: string;
  pid: number;
  /** ISO 8601; set anew each 5 min while its process lives. */
  refreshed_at: string;
  age_ms: number;
}

export interface UnlockRepositoryResult {
  repository: string;
  /** As they were found. */
  locks: LockDescription[];
  /** Ids of those that are gone now. */
  removed: string[];
  /** Why nothing was removed although there are dead ones. */
  refusal?: string;
}

/** The phases of `check` and `prune`, and what the CLI asks about locks. Each is safe to repeat. */
export interface MaintenanceActivities {
  openMaintenance(input: OpenMaintenanceInput): Promise<OpenMaintenanceResult>;
  checkRepository(input: CheckRepositoryInput): Promise<CheckResult & PhaseResult>;
  pruneRepository(input: PruneRepositoryInput): Promise<PruneResult & PhaseResult>;
  reportMaintenance(input: ReportMaintenanceInput): Promise<ReportRunResult>;
  unlockRepository(input: UnlockRepositoryInput): Promise<UnlockRepositoryResult>;
}
