import { proxyActivities } from '@temporalio/workflow';
import type { InspectActivities } from '../contract/activities.ts';
import type {
  ExamineHostResult,
  InitRepositoryInput,
  InitRepositoryResult,
  ListSnapshotsInput,
  Snapshot,
} from '../contract/inspect.ts';
import { phaseOptions } from './policies.ts';

/** Somebody sits in front of the answer. */
const ANSWER_WITHIN_MS = 3 * 60 * 1000;

const activities = proxyActivities<InspectActivities>({
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

/** Looks whether the worker's machine has what the plans need. */
export async function examineHost(): Promise<ExamineHostResult> {
  return activities.examineHost();
}
