import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Rate, Repository } from '../../config/types.ts';
import { type ProgramRequest, type ProgramResult, type Programs, SECRET_PATH } from '../../process/programs.ts';
import type { PhaseContext } from '../phase.ts';
import { explainHang, RESTIC_EXIT, repositoryAway, resticError } from './exit-codes.ts';
import { lastOpened } from './known-repository.ts';
import { limitCall } from './limits.ts';

/**
 * restic waits so long for a lock before it gives up with exit 11; Temporal's back-off does the longer waiting. It does nothing
 * meanwhile, so it is never as long as what passes for a hang.
 */
const RETRY_LOCK_MS = 30_000;

/** So long before the phase is given up restic is ended: what it was waiting for can then still be told. */
const DEADLINE_MARGIN_MS = 3_000;
const SHORTEST_CALL_MS = 1_000;
/** Node's timers reach no further. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What restic needs to be called: the repository, and the activity that calls it. */
export interface ResticBinding {
  readonly programs: Programs;
  readonly repository: Repository;
  /** Holds restic's cache, and the records of its processes. */
  readonly stateDirectory: string;
  readonly context: PhaseContext;
}

export type CallOptions = Pick<ProgramRequest, 'cwd' | 'timeoutMs' | 'consume' | 'onStart' | 'progress'> & {
  /** Ends the call, besides the phase's own signal: it is told what the call may send until it ends. */
  endedBy?: (uploadRate: Rate | undefined) => AbortSignal;
};

/**
 * Calls restic as it is: past the gate, and without a look at dead locks. Any exit code is a result.
 *
 * Password and environment are read anew for each call.
 */
export async function callRestic(
  binding: ResticBinding,
  args: readonly string[],
  { endedBy, ...extra }: CallOptions = {},
): Promise<ProgramResult> {
  const { repository, context } = binding;
  const cache = cacheDirectory(binding);
  await mkdir(cache, { recursive: true, mode: 0o700 });
  const endsInMs = Math.max(context.remainingMs() - DEADLINE_MARGIN_MS, SHORTEST_CALL_MS);
  const timeoutMs = Math.min(extra.timeoutMs ?? Number.POSITIVE_INFINITY, endsInMs);
  const environment = await resolveEnvironment(repository, context);
  const secretInput = await context.readSecret(repository.password);
  const limits = limitCall(repository, Date.now());
  const common = ['--repo', repository.location, '--cache-dir', cache, '--retry-lock', retryLock(binding.programs)];
  const request: ProgramRequest = {
    program: 'restic',
    args: [...common, ...limits.arguments, ...args],
    env: { ...environment, ...limits.environment, RESTIC_PASSWORD_FILE: SECRET_PATH, RESTIC_PROGRESS_FPS: '1' },
    secretInput,
    signal: endedBy === undefined ? context.signal : AbortSignal.any([context.signal, endedBy(limits.uploadRate)]),
    // Its status comes by the clock.
    progress: 'activity-beyond-output',
    subject: `repository ${repository.name}`,
    ...extra,
    ...(timeoutMs <= LONGEST_TIMER_MS ? { timeoutMs } : {}),
  };
  try {
    return await binding.programs.run(request);
  } catch (error) {
    throw explainHang(error, { repository: repository.name, command: args[0] ?? '', isDeadline: timeoutMs === endsInMs });
  }
}

/** restic's own: a directory for each repository, named by its id. */
export function cacheDirectory({ stateDirectory }: Pick<ResticBinding, 'stateDirectory'>): string {
  return join(stateDirectory, 'cache', 'restic');
}

function retryLock({ noProgressMs }: Programs): string {
  return `${Math.floor(Math.min(RETRY_LOCK_MS, noProgressMs / 2) / 1000)}s`;
}

/** Asks restic without taking a lock, and returns its output. @throws {PhaseError} for any exit code but 0 */
export async function queryUnlocked(
  binding: ResticBinding,
  args: readonly string[],
  extra: Pick<ProgramRequest, 'timeoutMs' | 'consume'> = {},
): Promise<string> {
  const result = await callRestic(binding, [...args, '--no-lock'], extra);
  if (result.exitCode !== RESTIC_EXIT.done) throw failed(binding, args[0] ?? '', result);
  return result.stdout;
}

/** The error for a call that did not end well. A repository that is missing where it was before is away. */
export function failed(binding: ResticBinding, command: string, result: ProgramResult): Error {
  const { name } = binding.repository;
  const known = result.exitCode === RESTIC_EXIT.repositoryMissing ? lastOpened(binding) : undefined;
  if (known !== undefined) return repositoryAway(name, known, result.stderr);
  return resticError({ repository: name, command, exitCode: result.exitCode, stderr: result.stderr });
}

async function resolveEnvironment(repository: Repository, context: PhaseContext): Promise<Record<string, string>> {
  const resolved: Record<string, string> = {};
  for (const [name, value] of Object.entries(repository.environment)) {
    resolved[name] = typeof value === 'string' ? value : await context.readSecret(value);
  }
  return resolved;
}
