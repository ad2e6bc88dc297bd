/** Answers of the worker's machine to the short workflows behind `init`, `snapshots` and `doctor`. */

/** Input of the workflow `initRepository`. */
export interface InitRepositoryInput {
  /** Name of a repository in the worker's `holdfast.yaml`. */
  repository: string;
}

export interface InitRepositoryResult {
  repository: string;
  /** Location with passwords blanked. */
  location: string;
  /** restic's repository id, 64 hexadecimal digits. */
  repositoryId: string;
  /** False when a repository was there already and its password fits. */
  wasCreated: boolean;
}

/** Input of the workflow `listSnapshots`. */
export interface ListSnapshotsInput {
  plan: string;
}

/** One element of restic's own array (`restic snapshots --json`, doc/075_scripting.rst), passed on as it is. */
export interface Snapshot {
  id: string;
  short_id: string;
  time: string;
  hostname: string;
  paths: string[];
  tags?: string[];
  summary?: { data_added?: number; data_added_packed?: number; total_bytes_processed?: number; total_files_processed?: number };
}

export type FindingLevel = 'ok' | 'warning' | 'problem';

/** One line of `holdfast doctor`. */
export interface Finding {
  level: FindingLevel;
  /** What was looked at: `tool restic`, `repository main`, `plans.tracker.sources.mysql.tracker`. */
  subject: string;
  message: string;
  /** What to do, for a warning or a problem. */
  advice?: string;
}

/** Result of the workflow `examineHost`. */
export interface ExamineHostResult {
  host: string;
  holdfastVersion: string;
  /** SHA-256 of the worker's resolved configuration: the CLI compares it with its own. */
  configurationHash: string;
  findings: Finding[];
}
