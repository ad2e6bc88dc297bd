import { proxyActivities } from '@temporalio/workflow';
import type { InspectActivities } from '../contract/activities.ts';
import type {
  ExamineHostResult,
  InitRepositoryInput,
  InitRepositoryResult,
  ListSnapshotsInput,
  Snapshot,
} from '../contract/inspect.ts';
import type { MaintenanceActivities, UnlockRepositoryInput, UnlockRepositoryResult } from '../contract/maintenance.ts';
import { phaseOptions } from './policies.ts';

/** Somebody sits in front of the answer. */
const ANSWER_WITHIN_MS = 3 * 60 * 1000;

const activities = proxyActivities<InspectActivities & Pick<MaintenanceActivities, 'unlockRepository'>>({
  ...phaseOptions(ANSWER_WITHIN_MS),
  // A question is asked once; whoever asked sees the failure and asks again.
  retry: { maximumAttempts: 1 },
});

/** Creates a repository, unless it is there. */
export async function initRepository(input: InitRepositoryInput): Promise<InitRepositoryResult> {
  return activities.initRepository(input);
}

/** Lists the snapshots of a plan. */
export async function listSnapshots(input: ListSnapshotsInput): Promise<Snapshot[]> {
  return activities.listSnapshots(input);
}

/** Shows the locks of a repository, and removes dead ones when that was agreed to. */
export async function unlockRepository(input: UnlockRepositoryInput): Promise<UnlockRepositoryResult> {
  return activities.unlockRepository(input);
}

/** Looks whether the worker's machine has what the plans need. */
export async function examineHost(): Promise<ExamineHostResult> {
  return activities.examineHost();
}
