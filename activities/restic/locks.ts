import { hostname } from 'node:os';
import { z } from 'zod';
import { isPidInUse, stateOfProcess } from '../../process/identity.ts';
import { callRestic, queryUnlocked, type ResticBinding } from './call.ts';
import { RESTIC_EXIT } from './exit-codes.ts';
import { judgeLocks, type RepositoryLock } from './lock-judgement.ts';
import { dropRecord, loadRecords, type ProcessRecord } from './process-records.ts';

/** A lock as `restic cat lock` prints it (restic 0.19.1). */
const lockSchema = z.object({
  time: z.string(),
  exclusive: z.boolean().default(false),
  hostname: z.string().default(''),
  username: z.string().default(''),
  pid: z.number().default(0),
});

/** Reads all locks of the repository, without taking one. */
export async function listLocks(binding: ResticBinding): Promise<RepositoryLock[]> {
  const ids = (await queryUnlocked(binding, ['list', 'locks'])).split('\n').filter((line) => /^[0-9a-f]{64}$/.test(line));
  const locks: RepositoryLock[] = [];
  for (const id of ids) {
    const { exitCode, stdout } = await callRestic(binding, ['cat', 'lock', id, '--no-lock']);
    // Gone in between, as a lock goes that is refreshed or given back.
    if (exitCode === RESTIC_EXIT.done) locks.push({ id, ...lockSchema.parse(JSON.parse(stdout)) });
  }
  return locks;
}

/** Removes the locks that restic itself takes for dead; those of live processes stay. Never `--remove-all`. */
export async function unlock(binding: ResticBinding): Promise<void> {
  await queryUnlocked(binding, ['unlock']);
}

/** A process in another container that has no lock after so long has ended, and its record was lost. */
const RECORD_OLD_AFTER_MS = 10 * 60 * 1000;

/**
 * Clears what a dead restic of this worker left: a lock that would fail every forget, check and prune from then on.
 *
 * Costs nothing unless there is a record of a process that is gone. `restic unlock` is called only when every lock that it would
 * remove is provably one of those (lock-judgement.ts); else all stay, and restic's exit 11 names who holds the repository.
 */
export async function clearDeadLocks(binding: ResticBinding): Promise<void> {
  const records = await loadRecords(binding.stateDirectory, binding.repository.location);
  const states = records.map((record) => ({ record, state: stateOfProcess(record) }));
  const dead = states.filter(({ state }) => state !== 'alive');
  if (dead.length === 0 || dead.length < states.length) return;
  binding.context.report({ phase: 'look for the lock of a process that died' });
  let locks = await listLocks(binding);
  if (judgeLocks(locks, { dead, hostname: hostname(), now: Date.now(), isPidInUse }).mayUnlock) {
    await unlock(binding);
    locks = await listLocks(binding);
  }
  const { records: held } = judgeLocks(locks, { dead, hostname: hostname(), now: Date.now(), isPidInUse });
  const settled = dead.filter(({ record, state }) => !held.includes(record) && (state === 'gone' || isOld(record)));
  await Promise.all(settled.map(({ record }) => dropRecord(record.file)));
}

function isOld({ startedAt }: ProcessRecord): boolean {
  return Date.now() - Date.parse(startedAt) > RECORD_OLD_AFTER_MS;
}
