import { setMaxListeners } from 'node:events';
import { Context, type Info } from '@temporalio/activity';
import type { SecretReference } from '../config/types.ts';
import type { PhaseResult } from '../contract/backup.ts';
import type { Progress } from '../contract/progress.ts';
import { createRedactor } from '../process/redaction.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { toFailure } from './failures.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { createSecretReader } from './secrets/read-secret.ts';

/** What a phase works with while it runs. Tests hand in a plain object. */
export interface PhaseContext {
  /** Which attempt of the activity this is, counted from 1. */
  readonly attempt: number;
  /** Aborted when the run is cancelled, the worker shuts down or the attempt was given up. */
  readonly signal: AbortSignal;
  /** Notes where the phase stands; a timer sends the newest note with each heartbeat. Cheap: call it as often as you like. */
  report(progress: Progress): void;
  /** Notes something that the operator should know of, although the phase goes on. */
  warn(message: string): void;
  /**
   * Reads a secret; from then on its value is blanked in this activity's failure messages and warnings.
   *
   * @throws {PhaseError} SecretUnavailable
   */
  readSecret(reference: SecretReference): Promise<string>;
  /** Blanks the secrets read so far: for text that leaves as a result. Failure messages and warnings are blanked anyway. */
  redact(this: void, text: string): string;
}

/** A cancel reaches an activity with the answer to a heartbeat, so this is how long a cancelled child may live on at most. */
const HEARTBEAT_INTERVAL_MS = 1_000;
const MAX_WARNINGS = 20;

/**
 * Wraps the body of an activity: heartbeats every second whatever the body does, turns errors into failures of the closed set, and
 * blanks secrets in everything that leaves.
 */
export async function runActivity<Result>(
  deps: ActivityDependencies,
  body: (context: PhaseContext, warnings: () => string[]) => Promise<Result>,
): Promise<Result> {
  const activity = Context.current();
  // A worker's examination waits for many children at once, all of them on this one signal.
  setMaxListeners(0, activity.cancellationSignal);
  const secrets = new Set<string>();
  const warnings: string[] = [];
  const redact = (text: string) => createRedactor(secrets)(text);
  let progress: Progress = { phase: 'start' };
  const beat = () =>
    activity.heartbeat({
      ...progress,
      ...(progress.currentItem === undefined ? {} : { currentItem: redact(progress.currentItem).slice(0, 200) }),
    });
  const timer = setInterval(beat, HEARTBEAT_INTERVAL_MS);
  const readSecret = createSecretReader(deps);
  const context: PhaseContext = {
    attempt: activity.info.attempt,
    signal: activity.cancellationSignal,
    report: (latest) => {
      progress = latest;
    },
    warn: (message) => void warnings.push(message),
    readSecret: async (reference) => {
      const value = await readSecret(reference, activity.cancellationSignal);
      secrets.add(value);
      return value;
    },
    redact,
  };
  try {
    return await oneAtATime(attemptKey(activity.info), () => body(context, () => summarise(warnings.map(redact))));
  } catch (error) {
    // Whatever a cancelled child made of it: only the signal's own reason counts as cancelled.
    const cause: unknown = activity.cancellationSignal.aborted ? activity.cancellationSignal.reason : error;
    throw toFailure(cause, { redact, attempt: activity.info.attempt });
  } finally {
    clearInterval(timer);
  }
}

/** Activity ids are unique within a run, and the same in each attempt. */
function attemptKey({ workflowExecution, activityId }: Info): string {
  return `${workflowExecution?.runId ?? ''} ${activityId}`;
}

/** Makes the activity of a phase: its body's result, plus the attempt and the warnings. */
export function phase<Input, Result extends object>(
  deps: ActivityDependencies,
  body: (input: Input, context: PhaseContext) => Promise<Result>,
): (input: Input) => Promise<Result & PhaseResult> {
  return (input) =>
    runActivity(deps, async (context, warnings) => {
      const result = await body(input, context);
      return { ...result, attempt: context.attempt, warnings: warnings() };
    });
}

function summarise(warnings: string[]): string[] {
  const unique = [...new Set(warnings)];
  if (unique.length <= MAX_WARNINGS) return unique;
  return [...unique.slice(0, MAX_WARNINGS - 1), `and ${unique.length - MAX_WARNINGS + 1} more warnings of this kind`];
}
