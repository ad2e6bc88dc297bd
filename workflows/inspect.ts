import { type ActivityOptions, proxyActivities } from '@temporalio/workflow';
import type { InspectActivities } from '../contract/activities.ts';
import type {
  ExamineHostResult,
  InitRepositoryInput,
  InitRepositoryResult,
  ListSnapshotsInput,
  Snapshot,
} from '../contract/inspect.ts';
import type { MaintenanceActivities, UnlockRepositoryInput, UnlockRepositoryResult } from '../contract/maintenance.ts';
import type { ListFilesResult, RestoreActivities, RestorePlan } from '../contract/restore.ts';
import { phaseOptions } from './policies.ts';

/** Somebody sits in front of the answer. */
const ANSWER_WITHIN_MS = 3 * 60 * 1000;

const options: ActivityOptions = {
  ...phaseOptions(ANSWER_WITHIN_MS),
  // A question is asked once; whoever asked sees the failure and asks again.
  retry: { maximumAttempts: 1 },
};
const activities = proxyActivities<InspectActivities & Pick<MaintenanceActivities, 'unlockRepository'>>(options);
const restores = proxyActivities<RestoreActivities>(options);

/** Creates a repository, unless it is there. */
export async function initRepository(input: InitRepositoryInput): Promise<InitRepositoryResult> {
  return activities.initRepository(input);
}

/** Lists the snapshots of a plan. */
export async function listSnapshots(input: ListSnapshotsInput): Promise<Snapshot[]> {
  return activities.listSnapshots(input);
}

/** Says what a restore would overwrite. Changes nothing. */
export async function previewRestore(input: unknown): Promise<RestorePlan> {
  return restores.previewRestore(input);
}

/** Lists what lies in a snapshot. */
export async function listFiles(input: unknown): Promise<ListFilesResult> {
  return restores.listFiles(input);
}

/** Shows the locks of a repository, and removes dead ones when that was agreed to. */
export async function unlockRepository(input: UnlockRepositoryInput): Promise<UnlockRepositoryResult> {
  return activities.unlockRepository(input);
}

/** Looks whether the worker's machine has what the plans need. */
export async function examineHost(): Promise<ExamineHostResult> {
  return activities.examineHost();
}
