import type { PhaseResult, RunReference } from './backup.ts';

/**
 * Input of the workflow `restore`. It names things and never describes them: where a source goes back to stands in the worker's
 * `holdfast.yaml` alone.
 */
export interface RestoreInput {
  plan: string;
  /** Id of a snapshot of this plan, or the beginning of one, or `latest` (default). Of an archive: its name or the beginning. */
  snapshot?: string;
  /** The newest one that is not younger than this: ISO 8601, in UTC where it names no zone. Not together with `snapshot`. */
  at?: string;
  /** Source ids, `sqlite/tracker`. Default: all that the snapshot holds. */
  only?: string[];
  /** One file of the snapshot instead of whole sources: its path in it, `files/config/etc/app.toml`. */
  file?: string;
  /** Default `repository`. */
  from?: 'repository' | 'archive';
  /** Puts files and SQLite databases back where the plan has them from. Needs `confirmed`. */
  in_place?: boolean;
  /** Id of a MySQL source whose dump is loaded into its server. Needs `confirmed`. */
  load?: string;
  /** Database that `load` loads into. Default: the source's own. */
  into?: string;
  /** That somebody saw what will be overwritten, and agreed. */
  confirmed?: boolean;
}

/** Where a restore takes its tree from. */
export type RestoreOrigin =
  /** `id`: 64 hexadecimal digits. */
  | { from: 'repository'; id: string }
  /** `name`: file name below the plan's archive directory. */
  | { from: 'archive'; name: string };

/** Something in use that a restore will put aside or overwrite. */
export interface Overwrite {
  /** Source id. */
  source: string;
  /** A path of the worker's machine, or a database and its server. */
  what: string;
  /** What becomes of it. */
  how: string;
}

/** Answer to "what would it overwrite?", and what opening a restore decides. */
export interface RestorePlan {
  plan: string;
  host: string;
  origin: RestoreOrigin;
  /** When that backup was made, ISO 8601 in UTC. */
  time: string;
  overwrites: Overwrite[];
}

export interface OpenRestoreInput {
  run: RunReference;
  /** The workflow's input as it came: it may be anything, and is judged by the activity. */
  input: unknown;
}

export interface OpenRestoreResult extends RestorePlan, PhaseResult {
  /** Source ids to restore. */
  sources: string[];
  file?: string;
  /** Source ids to put back in place, one after the other. */
  inPlace: string[];
  load?: { source: string; into: string };
  /** Milliseconds from the start of the run until nothing is retried any more. */
  deadlineMs: number;
  hasSearchAttributes: boolean;
}

/** What the phases after openRestore work on. */
export interface FetchTreeInput {
  run: RunReference;
  origin: RestoreOrigin;
  sources: string[];
  file?: string;
}

export interface FetchTreeResult extends PhaseResult {
  bytes: number;
}

export interface CompareTreeResult extends PhaseResult {
  files: number;
  bytes: number;
  /** Entries that are not as the manifest says. At most 20 travel, as warnings. */
  differences: number;
}

export interface PutBackInput {
  run: RunReference;
  /** Source id. */
  source: string;
}

export interface PutBackResult extends PhaseResult {
  bytes: number;
  /** Where what was there before is kept now; at most 20. */
  kept: string[];
}

export interface LoadDumpInput extends PutBackInput {
  into: string;
}

export interface CloseRestoreInput {
  run: RunReference;
  /** True when the tree is the result; false removes it. */
  isKept: boolean;
}

export interface CloseRestoreResult extends PhaseResult {
  /** Absolute path on the worker's machine; undefined when the tree was removed. */
  path?: string;
}

/** What a restore adds to the record of its run. */
export interface Restored {
  /** Where the tree lies on the worker's machine; absent after `in_place` and `load`, which remove it. */
  path?: string;
  snapshotId?: string;
  archive?: string;
  /** When the backup was made. */
  time: string;
  files: number;
  bytes: number;
  /** From the start of the run to the end of its last phase. */
  restoreMs: number;
  /** Whether each file is as the manifest says. */
  verified: boolean;
  overwrites: Overwrite[];
  /** Where what was there before is kept now. */
  kept: string[];
}

/** The phases of a restore. Each is safe to repeat. */
export interface RestoreActivities {
  openRestore(input: OpenRestoreInput): Promise<OpenRestoreResult>;
  fetchTree(input: FetchTreeInput): Promise<FetchTreeResult>;
  compareTree(input: FetchTreeInput): Promise<CompareTreeResult>;
  putBack(input: PutBackInput): Promise<PutBackResult>;
  loadDump(input: LoadDumpInput): Promise<PutBackResult>;
  closeRestore(input: CloseRestoreInput): Promise<CloseRestoreResult>;
  /** For the CLI: what a restore with this input would overwrite. Changes nothing. */
  previewRestore(input: unknown): Promise<RestorePlan>;
  /** For the CLI: what lies in a snapshot. */
  listFiles(input: unknown): Promise<ListFilesResult>;
}

/** Input of the workflow `listFiles`. */
export interface ListFilesInput {
  plan: string;
  /** As in {@link RestoreInput}. */
  snapshot?: string;
  at?: string;
  /** Directory inside the snapshot. Default: its top. */
  path?: string;
}

export interface SnapshotFile {
  /** Path inside the snapshot, without a leading slash. */
  path: string;
  type: string;
  bytes: number;
  /** Ten characters, as `ls -l` has it. */
  permissions: string;
  mtime: string;
}

export interface ListFilesResult {
  snapshot_id: string;
  time: string;
  /** At most 5 000. */
  files: SnapshotFile[];
  /** How many there are in all. */
  total: number;
}
