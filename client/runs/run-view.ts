import type { PhaseRecord, RunRecord } from '../../contract/backup.ts';
import type { Progress } from '../../contract/progress.ts';

/** An activity that Temporal has not seen the end of: running, or waiting for its next attempt. */
export interface PendingActivity {
  /** Temporal counts the activities of a run from 1. */
  order: number;
  /** For example `dumpSqlite`. */
  type: string;
  /** Counted from 1. */
  attempt: number;
  /** False while it waits for a worker or for its next attempt. */
  isRunning: boolean;
  progress?: Progress;
  /** Why the attempt before this one failed. */
  lastFailure?: { type?: string; message: string };
}

/** A run as it stands: what its workflow knows, and where its open phases are. */
export interface RunView {
  record: RunRecord;
  /** By the name of the phase. */
  pending: ReadonlyMap<string, PendingActivity>;
  /** True when no worker answers for the run at the moment. */
  isWorkerSilent: boolean;
}

/**
 * Finds the pending activity of each open phase.
 *
 * A pending activity does not say which source it works on. But phases are recorded, and activities counted, in the order in
 * which they started, so the n-th open phase of a type is the n-th pending activity of it. Where the numbers differ, a phase
 * has started or ended between the two questions to Temporal: nothing is said of that type then, until the next look.
 */
export function matchPending(record: RunRecord, activities: readonly PendingActivity[]): Map<string, PendingActivity> {
  const open = record.phases.filter(({ status }) => status === 'running');
  const types = new Set(open.map(phaseType));
  const pairs = [...types].flatMap((type) => {
    const phases = open.filter((phase) => phaseType(phase) === type);
    const pending = activities.filter((activity) => activity.type === type).sort((a, b) => a.order - b.order);
    if (phases.length !== pending.length) return [];
    return phases.flatMap(({ name }, index) => {
      const activity = pending[index];
      return activity === undefined ? [] : [[name, activity] as const];
    });
  });
  return new Map(pairs);
}

function phaseType({ name }: PhaseRecord): string {
  return name.split(' ', 1)[0] ?? name;
}
