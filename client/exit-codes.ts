import type { Outcome } from '../contract/backup.ts';
import { FAILURES, isFailureType } from '../contract/failures.ts';

/** Exit codes of `holdfast` that are no failure type's own. The rest stands in {@link FAILURES}. */
export const EXIT = {
  done: 0,
  failed: 1,
  /** Bad usage or configuration; also `apply --dry-run` with a difference, as `diff` and `terraform plan` have it. */
  usage: 2,
  /** restic's incomplete snapshot, or a drill in which something could not be tried. */
  partial: 3,
  /** Temporal cannot be reached, or no worker polls the host's task queue. */
  unreachable: 20,
  /** The run was cancelled, or a signal ended the watching of it. */
  cancelled: 130,
} as const;

/** Exit code for a failure type that came from a history; 1 for one that this release does not know. */
export function exitCodeOfFailure(type: string | undefined): number {
  return isFailureType(type) ? FAILURES[type].exitCode : EXIT.failed;
}

/** Exit code of a command that watched a run to its end, or left it running. */
export function exitCodeOfRun(outcome: Outcome | 'running', failureType?: string): number {
  switch (outcome) {
    case 'succeeded':
      return EXIT.done;
    case 'partial':
      return EXIT.partial;
    case 'cancelled':
    case 'running':
      return EXIT.cancelled;
    case 'failed':
      return exitCodeOfFailure(failureType);
  }
}
