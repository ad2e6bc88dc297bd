import { proxyActivities } from '@temporalio/workflow';
import type { AwaitTurnInput, BackupActivities } from '../contract/activities.ts';
import type { QueuedResult } from '../contract/backup.ts';
import { phaseOptions, TURN_DEADLINE_MS } from './policies.ts';
import type { RunRecorder } from './run-recorder.ts';

/**
 * Opens a run, waiting for its turn where the host has enough to do. The work, and with it the run's deadline, begins after that.
 *
 * A worker that does not know of turns never answers with a queued result, so its histories have no `awaitTurn`.
 */
export async function openInTurn<Opened extends object>(
  recorder: RunRecorder,
  turn: AwaitTurnInput,
  open: () => Promise<Opened | QueuedResult>,
): Promise<Opened> {
  for (;;) {
    const opened = await open();
    if (!('queuedBehind' in opened)) return opened;
    const { awaitTurn } = proxyActivities<BackupActivities>(phaseOptions(TURN_DEADLINE_MS));
    const summary = `waits for ${opened.queuedBehind}`.slice(0, 200);
    await recorder.follow('awaitTurn', () => awaitTurn.executeWithOptions({ summary }, [turn]));
    turn.run.startedAt = recorder.beginNow();
  }
}
