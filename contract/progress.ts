/** Where a long phase stands: the heartbeat of an activity, as the Web UI and the CLI show it. Small, and nothing secret. */
export interface Progress {
  /** What is being done right now, for example `copy` or `verify`. */
  phase: string;
  /** 0 to 100. Undefined while the total is not known. */
  percent?: number;
  bytesDone?: number;
  bytesTotal?: number;
  /** File, table or source at hand, at most 200 characters. */
  currentItem?: string;
}

/** How the `phase` of a run begins that does nothing but wait, followed by what it waits for. */
export const WAITING_FOR = 'waiting for ';
