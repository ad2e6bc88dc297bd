import type { RunRecord } from '../../contract/backup.ts';
import { type FailureType, isFailureType } from '../../contract/failures.ts';

/** What helps after a failure, where it is not the same for all. */
const AFTER_FAILURE: Partial<Record<FailureType, (record: RunRecord) => string>> = {
  RepositoryMissing: () => 'create the repository, once: holdfast init',
  RepositoryLocked: () => 'wait for the other process, or see who holds the lock: holdfast unlock REPOSITORY',
  PlanBusy: ({ plan }) => `wait for the run in progress and then start: holdfast backup ${plan} --wait`,
  ConfigInvalid: () => 'check what the worker reads: holdfast config validate',
  SecretUnavailable: () => "set the secret where the worker runs: it is read from the worker's environment and files",
};

/** What to type next after a run, each a line of its own. */
export function nextSteps(record: RunRecord): string[] {
  const { plan, outcome, failure } = record;
  const snapshots = `all snapshots: holdfast snapshots ${plan}`;
  switch (outcome) {
    case 'succeeded':
      return [snapshots, `try that it comes back: holdfast restore ${plan}`];
    case 'partial':
      return ['see the warnings, make these files readable, then start again', snapshots];
    case 'cancelled':
      return [`start again: holdfast backup ${plan}`];
    case 'failed': {
      const advice = isFailureType(failure?.type) ? AFTER_FAILURE[failure.type]?.(record) : undefined;
      return [...(advice === undefined ? [] : [advice]), 'look for the cause: holdfast doctor'];
    }
    case 'running':
      return followHints(record);
  }
}

/** How to see again what a run does that was left to itself. */
function followHints({ plan }: RunRecord): string[] {
  return [
    `see how it ended: holdfast history ${plan}`,
    'what runs now: holdfast status',
    'follow it: the Web UI, or temporal workflow show --follow -w RUN',
    'cancel it: the Web UI, or temporal workflow cancel -w RUN',
  ];
}
