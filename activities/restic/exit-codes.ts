import type { FailureType } from '../../contract/failures.ts';
import { ProgramStalled, ProgramTimeout } from '../../process/errors.ts';
import { PhaseError } from '../phase-error.ts';
import { readErrorOutput } from './output.ts';

/** restic's own exit codes that say what is the matter (doc/075_scripting.rst; 10 and 11 since 0.17.0, 12 since 0.17.1). */
export const RESTIC_EXIT = { done: 0, incomplete: 3, repositoryMissing: 10, locked: 11, wrongPassword: 12 } as const;

/** How soon a locked repository is worth another look: restic itself refreshes a lock every 5 min. */
const LOCK_RETRY_MS = 60_000;

/** Exit code 1 means anything; only the text tells. First match counts (restic 0.19.1). */
const BY_TEXT: readonly [RegExp, FailureType][] = [
  [/no space left on device|disk quota exceeded|507 insufficient storage/i, 'DiskFull'],
  [
    /ciphertext verification failed|invalid data returned|repository contains errors|pack \S+ (?:is )?damaged|unable to load index/i,
    'RepositoryDamaged',
  ],
  [/permission denied|access denied|403 forbidden|401 unauthorized|SignatureDoesNotMatch|InvalidAccessKeyId/i, 'ConfigInvalid'],
  [/unknown (?:flag|command|option)|invalid backend|unable to parse|parsing repository location failed/i, 'ConfigInvalid'],
];

const ADVICE: Partial<Record<FailureType, (repository: string) => string>> = {
  RepositoryMissing: (repository) =>
    `Is its disk mounted? If it was never created: \`holdfast init ${repository}\`; else correct its location.`,
  AuthRejected: () => 'Correct the password reference in holdfast.yaml.',
  RepositoryLocked: (repository) =>
    `The run goes on by itself once it is free. If that process is long dead: \`holdfast unlock ${repository}\`.`,
  DiskFull: () => 'Free some space there: the run goes on by itself.',
  RepositoryDamaged: () => 'Look at it with `restic check` before anything else is written.',
  ConfigInvalid: () => 'Correct the location, its environment or the rights on it.',
  StorageUnavailable: () => 'The run goes on by itself once it can be reached.',
};

/** Makes the error for a restic command that ended with an exit code other than 0. Its text is not yet redacted. */
export function resticError(options: { repository: string; command: string; exitCode: number; stderr: string }): PhaseError {
  const lines = readErrorOutput(options.stderr);
  const text = lines.join('\n');
  const type = classify(options.exitCode, text);
  const said = describeHolder(text) ?? (lines.slice(-4).join(' / ') || `exit code ${options.exitCode}`);
  const advice = ADVICE[type]?.(options.repository) ?? '';
  return new PhaseError(
    type,
    `repository ${options.repository}: restic ${options.command} failed: ${said}. ${advice}`.trim(),
    type === 'RepositoryLocked' ? { retryAfterMs: LOCK_RETRY_MS } : {},
  );
}

/** The error for a repository that is not where it was opened before: most likely its disk is not mounted. */
export function repositoryAway(
  repository: string,
  known: { openedAt: string /** Where that is noted. */; file: string },
  stderr: string,
): PhaseError {
  const said = readErrorOutput(stderr).slice(-1).join('') || 'there is none';
  return new PhaseError(
    'StorageUnavailable',
    `repository ${repository} is not at its place any more, where it was last opened ${known.openedAt.slice(0, 16).replace('T', ' ')} UTC: ${said}. ` +
      `Is its disk mounted? The run goes on by itself once it is back. If it is gone for good, remove ${known.file}; then \`holdfast init ${repository}\` makes a new one.`,
  );
}

/**
 * What it means that a restic had to be ended: for want of progress, or since its time was up. Errors of another kind are
 * returned as they are. restic itself tries again for 15 min to reach a backend, and says so on its error output alone.
 */
export function explainHang(error: unknown, call: { repository: string; command: string; isDeadline: boolean }): unknown {
  const isStalled = error instanceof ProgramStalled;
  const isLate = error instanceof ProgramTimeout && call.isDeadline;
  if (!isStalled && !isLate) return error;
  const tries = readErrorOutput(error.stderr).filter((line) => /retrying after/.test(line));
  const type = /no space left on device|disk quota exceeded/i.test(tries.at(-1) ?? '') ? 'DiskFull' : 'StorageUnavailable';
  if (tries.length === 0 && isStalled) return error;
  const what = `repository ${call.repository}: restic ${call.command}`;
  const options = { cause: error, isFinal: isLate };
  if (tries.length === 0) return new PhaseError('ProcessTimeout', `${what} was ended because the deadline passed.`, options);
  const since = isStalled ? `for ${Math.round(error.stalledMs / 1000)} s` : 'until the deadline';
  return new PhaseError(
    type,
    `${what} tried in vain ${since}: ${tries.at(-1)}. ${ADVICE[type]?.(call.repository) ?? ''}`.trim(),
    options,
  );
}

/** Who holds the lock, out of restic's own words (restic 0.19.1); undefined when they are others. */
function describeHolder(text: string): string | undefined {
  const [, exclusively, pid, host, user] = /already locked (exclusively )?by PID (\d+) on (.+?) by (\S+)/.exec(text) ?? [];
  if (pid === undefined) return undefined;
  const [, age] = /lock was created at .*\((.*?) ago\)/.exec(text) ?? [];
  const since = age === undefined ? '' : ` for ${age.replace(/\.\d+(?=s)/, '')}`;
  return `it is locked ${exclusively ?? ''}by process ${pid} of user ${user} on machine ${host}${since}`;
}

function classify(exitCode: number, text: string): FailureType {
  switch (exitCode) {
    case RESTIC_EXIT.repositoryMissing:
      return 'RepositoryMissing';
    case RESTIC_EXIT.locked:
      return 'RepositoryLocked';
    case RESTIC_EXIT.wrongPassword:
      return 'AuthRejected';
    default:
      // Networks fail in more ways than can be listed, so what is not known to be final is tried again.
      return BY_TEXT.find(([pattern]) => pattern.test(text))?.[1] ?? 'StorageUnavailable';
  }
}
