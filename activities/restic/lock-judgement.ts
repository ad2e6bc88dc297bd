import type { ProcessState } from '../../process/identity.ts';
import type { ProcessRecord } from './process-records.ts';

export interface RepositoryLock {
  id: string;
  /** ISO 8601; set anew each 5 min while its process lives (restic 0.19.1). */
  time: string;
  exclusive: boolean;
  /** The operating system's name of the machine or container. */
  hostname: string;
  username: string;
  pid: number;
}

/** restic takes any lock for dead that was not refreshed for so long (internal/repository/lock.go, StaleLockTimeout). */
export const STALE_AFTER_MS = 30 * 60 * 1000;

/** A lock is a little older than the note of its process when clocks are set. */
const CLOCK_SLACK_MS = 5_000;

export interface DeadProcess {
  record: ProcessRecord;
  /** `unknown`: of another container that shares our state directory; only the age of its lock can prove anything. */
  state: ProcessState;
}

export interface LockCircumstances {
  dead: readonly DeadProcess[];
  /** This machine's own, as the operating system has it. */
  hostname: string;
  now: number;
  isPidInUse: (pid: number) => boolean;
}

/**
 * Judges whether `restic unlock` would remove dead locks of ours and nothing else.
 *
 * It removes what is older than 30 min, and what has our hostname and a process number that is not in use here; to see that, it
 * sends SIGHUP to that number. So it is not called while a lock of our hostname belongs to anybody but a process that we
 * recorded and that is gone, nor while its number is in use again, by somebody who might die of that signal.
 */
export function judgeLocks(
  locks: readonly RepositoryLock[],
  circumstances: LockCircumstances,
): { mayUnlock: boolean /** Whose locks are among them. */; records: ProcessRecord[] } {
  const { dead, hostname, now, isPidInUse } = circumstances;
  let removable = 0;
  let isAnyInTheWay = false;
  for (const lock of locks) {
    const owner = dead.find(({ record }) => isLockOf(lock, record));
    if (now - Date.parse(lock.time) > STALE_AFTER_MS) {
      if (owner === undefined) isAnyInTheWay = true;
      else removable += 1;
    } else if (lock.hostname === hostname) {
      if (owner?.state === 'gone' && !isPidInUse(lock.pid)) removable += 1;
      else isAnyInTheWay = true;
    }
  }
  const records = dead.map(({ record }) => record).filter((record) => locks.some((lock) => isLockOf(lock, record)));
  return { mayUnlock: removable > 0 && !isAnyInTheWay, records };
}

/** Whether a lock was made by a recorded process. */
export function isLockOf(lock: RepositoryLock, record: ProcessRecord): boolean {
  return (
    lock.pid === record.pid &&
    lock.hostname === record.hostname &&
    Date.parse(lock.time) >= Date.parse(record.startedAt) - CLOCK_SLACK_MS
  );
}
