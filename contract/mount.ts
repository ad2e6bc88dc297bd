/** Input of the workflow `mountSnapshots`. */
export interface MountInput {
  plan: string;
}

/** Progress phase of a mount that can be looked into; `currentItem` is then its directory on the worker's machine. */
export const MOUNTED = 'mounted';

export interface MountActivities {
  /** Mounts the snapshots of a plan and stays at work until it is cancelled. The input comes from outside and is judged here. */
  mountSnapshots(input: unknown): Promise<void>;
}
