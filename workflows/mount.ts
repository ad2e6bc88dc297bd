import { proxyActivities } from '@temporalio/workflow';
import type { MountActivities } from '../contract/mount.ts';
import { phaseOptions } from './policies.ts';

/** Somebody looks; nobody looks for longer than a day. */
const MOUNTED_FOR_MS = 24 * 60 * 60 * 1000;

const activities = proxyActivities<MountActivities>({
  ...phaseOptions(MOUNTED_FOR_MS),
  // Whoever looks sees the end, and mounts again.
  retry: { maximumAttempts: 1 },
});

/** Mounts the snapshots of a plan on the worker's machine until it is cancelled. Takes a {@link MountInput}. */
export async function mountSnapshots(input: unknown): Promise<void> {
  await activities.mountSnapshots(input);
}
