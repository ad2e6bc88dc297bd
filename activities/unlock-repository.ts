import { hostname } from 'node:os';
import { z } from 'zod';
import type { LockDescription, LockState, UnlockRepositoryResult } from '../contract/maintenance.ts';
import { isPidInUse, stateOfProcess } from '../process/identity.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { judge } from './input/judge.ts';
import { wantedName } from './input/shapes.ts';
import { findRepository } from './maintain-repository.ts';
import type { PhaseContext } from './phase.ts';
import { isLockOf, type RepositoryLock, STALE_AFTER_MS } from './restic/lock-judgement.ts';
import { listLocks, unlock } from './restic/locks.ts';
import { loadRecords, type ProcessRecord } from './restic/process-records.ts';

const unlockInput = z.strictObject({ repository: wantedName, confirmed: z.boolean() });

/**
 * Shows the locks of a repository and, when somebody saw them and agreed, has `restic unlock` remove those that restic itself takes
 * for dead. Refuses while a process of this machine works on it. Never `--remove-all`.
 */
export async function unlockRepository(
  deps: ActivityDependencies,
  input: unknown,
  context: PhaseContext,
): Promise<UnlockRepositoryResult> {
  const request = judge(unlockInput, input, 'the input must be {"repository": "NAME", "confirmed": true|false}');
  const repository = findRepository(deps.configuration, request.repository);
  const { stateDirectory } = deps.configuration;
  const binding = { ...deps, repository, stateDirectory, context };
  const records = await loadRecords(stateDirectory, repository.location);
  const found = await listLocks(binding);
  const locks = found.map((lock) => describe(lock, records));
  const answer = { repository: repository.name, locks, removed: [] };
  if (!request.confirmed || locks.length === 0) return answer;
  const live = locks.find(({ state }) => state === 'live');
  if (live !== undefined) {
    return { ...answer, refusal: `process ${live.pid} of this machine works on it; wait for it, or end it first` };
  }
  const reused = locks.find((lock) => lock.state === 'dead' && lock.machine === hostname() && isPidInUse(lock.pid));
  if (reused !== undefined && reused.age_ms <= STALE_AFTER_MS) {
    return {
      ...answer,
      refusal: `number ${reused.pid} belongs to another process by now, which restic would disturb; ask again in half an hour`,
    };
  }
  await unlock(binding);
  const left = new Set((await listLocks(binding)).map(({ id }) => id));
  return { ...answer, removed: locks.map(({ id }) => id).filter((id) => !left.has(id)) };
}

function describe(lock: RepositoryLock, records: readonly ProcessRecord[]): LockDescription {
  const { id, exclusive, hostname: machine, username: user, pid, time } = lock;
  const ageMs = Math.max(0, Date.now() - Date.parse(time));
  return { id, state: stateOf(lock, records, ageMs), exclusive, machine, user, pid, refreshed_at: time, age_ms: ageMs };
}

/** As restic itself judges, but for a process that we recorded: then it is known whether its number was given to another. */
function stateOf(lock: RepositoryLock, records: readonly ProcessRecord[], ageMs: number): LockState {
  const record = records.find((candidate) => isLockOf(lock, candidate));
  const state = record === undefined ? 'unknown' : stateOfProcess(record);
  if (state === 'alive') return 'live';
  if (ageMs > STALE_AFTER_MS || state === 'gone') return 'dead';
  if (lock.hostname !== hostname()) return 'unknown';
  return isPidInUse(lock.pid) ? 'live' : 'dead';
}
