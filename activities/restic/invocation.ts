import type { ProgramRequest, ProgramResult } from '../../process/programs.ts';
import { type CallOptions, callRestic, failed, type ResticBinding } from './call.ts';
import { RESTIC_EXIT } from './exit-codes.ts';
import { type Access, insideGate } from './gate.ts';
import { clearDeadLocks } from './locks.ts';
import { dropRecord, recordProcess } from './process-records.ts';

export { failed, type ResticBinding } from './call.ts';

/**
 * Which commands pass the gate, and how. Those that are not here are over in a moment and leave it to restic's own lock, so that
 * somebody who asks for the list of snapshots hears at once that the repository is being pruned.
 */
const ACCESS: Readonly<Record<string, Access>> = {
  backup: 'shared',
  restore: 'shared',
  dump: 'shared',
  // Takes restic's exclusive lock, also with --dry-run (restic 0.19.1, measured).
  forget: 'exclusive',
  check: 'background',
  prune: 'background',
};

/** Calls restic on the bound repository: through its gate, and past the lock of a dead process. Any exit code is a result. */
export async function runRestic(
  binding: ResticBinding,
  args: readonly string[],
  extra: Pick<CallOptions, 'cwd' | 'timeoutMs' | 'consume' | 'endedBy'> = {},
): Promise<ProgramResult> {
  if (args.includes('--no-lock')) return callRestic(binding, args, extra);
  const { context, repository } = binding;
  const command = args[0] ?? '';
  const access = ACCESS[command];
  if (access === undefined) return callWithLock(binding, args, extra);
  const onWait = (purpose: string) => context.report({ phase: `wait for restic ${purpose} on repository ${repository.name}` });
  const request = { access, purpose: command, signal: context.signal, onWait };
  return insideGate(repository.location, request, async () => callWithLock(binding, args, extra));
}

/** Calls restic and returns its output. @throws {PhaseError} for any exit code but 0 */
export async function queryRestic(
  binding: ResticBinding,
  args: readonly string[],
  extra: Pick<ProgramRequest, 'timeoutMs'> = {},
): Promise<string> {
  const result = await runRestic(binding, args, extra);
  if (result.exitCode !== RESTIC_EXIT.done) throw failed(binding, args[0] ?? '', result);
  return result.stdout;
}

/** Notes the process for as long as it may hold a lock. */
async function callWithLock(binding: ResticBinding, args: readonly string[], extra: CallOptions): Promise<ProgramResult> {
  const { stateDirectory, repository } = binding;
  await clearDeadLocks(binding);
  let record: string | undefined;
  const onStart = (pid: number) => {
    record = recordProcess(stateDirectory, repository.location, pid);
  };
  const result = await callRestic(binding, args, { ...extra, onStart });
  // Else it may have left its lock; the record stays, for the next call to clear that. So it does when the call throws.
  if (record !== undefined && hasNoLock(result)) await dropRecord(record);
  return result;
}

/**
 * With these it has given its lock back, or never had one. After any other it may not have been able to: a signal ended it, or the disk
 * went away under it, and its lock is there when the disk is.
 */
const WITHOUT_LOCK: ReadonlySet<number> = new Set(Object.values(RESTIC_EXIT));

/** restic may also succeed and keep its lock all the same, by its own words (0.19.1: with a disk that went away as in requireStored). */
function hasNoLock({ exitCode, stderr }: ProgramResult): boolean {
  return WITHOUT_LOCK.has(exitCode) && !stderr.includes('error while unlocking');
}
