/**
 * Whether Temporal tries again after a failure of this type.
 *
 * `never` ends the phase at once: the same attempt would fail the same way until a person acts.
 * `back-off` tries again, ever more slowly, until the run's deadline.
 */
export type RetryClass = 'never' | 'back-off';

interface FailureClass {
  readonly retry: RetryClass;
  /** Exit code of `holdfast` when a run ends with this failure. 10, 11 and 12 are restic's own (doc/075_scripting.rst). */
  readonly exitCode: number;
  /** One line for the documentation's table. */
  readonly meaning: string;
}

/**
 * Every way in which a phase can fail, in one table: retry policy, exit codes and docs are all read from here.
 *
 * The keys are wire format: they are the `type` of an ApplicationFailure in histories that outlive a release. Never rename one.
 */
export const FAILURES = {
  ConfigInvalid: {
    retry: 'never',
    exitCode: 2,
    meaning: 'input or holdfast.yaml does not fit: a name that does not exist, a setting that cannot work',
  },
  SecretUnavailable: { retry: 'never', exitCode: 2, meaning: 'a secret reference (env, file, command) gives nothing' },
  ToolMissing: { retry: 'never', exitCode: 2, meaning: 'restic, sqlite3, a MySQL client, tar or zstd is missing or too old' },
  SourceMissing: {
    retry: 'never',
    exitCode: 1,
    meaning: 'a path, file or database that the plan names is not there or cannot be read',
  },
  AuthRejected: { retry: 'never', exitCode: 12, meaning: 'a wrong repository password, or a database refused the log-in' },
  RepositoryMissing: { retry: 'never', exitCode: 10, meaning: 'there is no restic repository at that location' },
  RepositoryDamaged: { retry: 'never', exitCode: 1, meaning: 'the repository is damaged' },
  DumpRejected: { retry: 'never', exitCode: 1, meaning: 'a dump or stage did not pass its verification' },
  DrillFailed: {
    retry: 'never',
    exitCode: 1,
    meaning: 'a restored copy is not what was backed up: the drill found a difference',
  },
  RepositoryLocked: { retry: 'back-off', exitCode: 11, meaning: 'another process holds the repository lock' },
  SourceUnavailable: {
    retry: 'back-off',
    exitCode: 1,
    meaning: 'a database server cannot be reached, or a database stays locked',
  },
  StorageUnavailable: { retry: 'back-off', exitCode: 1, meaning: 'the repository or archive directory cannot be reached' },
  DiskFull: { retry: 'back-off', exitCode: 1, meaning: 'a disk is full' },
  ProcessTimeout: { retry: 'back-off', exitCode: 1, meaning: 'a program made no progress or ran out of time' },
  ProcessKilled: { retry: 'back-off', exitCode: 1, meaning: 'a program was ended from outside, for example for lack of memory' },
  PlanBusy: { retry: 'back-off', exitCode: 1, meaning: 'another run of the same plan is in progress' },
  NotificationFailed: {
    retry: 'back-off',
    exitCode: 1,
    meaning: 'somebody who is to be told of a run could not be reached; the run itself is not touched by it',
  },
  Unexpected: { retry: 'never', exitCode: 1, meaning: 'a defect or a condition that Holdfast does not know' },
} as const satisfies Record<string, FailureClass>;

/** Name of a row of {@link FAILURES}. */
export type FailureType = keyof typeof FAILURES;

/** Says whether a string that came from a history is a known failure type. */
export function isFailureType(type: string | null | undefined): type is FailureType {
  return typeof type === 'string' && Object.hasOwn(FAILURES, type);
}

/** Failure types that a retry policy lists as never retried. */
export const NEVER_RETRIED: FailureType[] = Object.keys(FAILURES)
  .filter(isFailureType)
  .filter((type) => FAILURES[type].retry === 'never');

/** What travels in `details` of each ApplicationFailure that an activity ends with. Holds nothing secret. */
export interface FailureDetails {
  /** Which attempt of the activity failed, counted from 1. */
  attempt: number;
}
