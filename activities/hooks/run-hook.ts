/**
 * Runs the programs that a plan names around its dumps: argv lists from the worker's own configuration, or its own journal.
 *
 * What must never be here: a shell, or an argument that came with a workflow's input.
 */
import { join } from 'node:path';
import { renderCommand } from '../../contract/hooks.ts';
import { ProgramMissing, ProgramTimeout } from '../../process/errors.ts';
import type { Programs } from '../../process/programs.ts';
import { PhaseError } from '../phase-error.ts';

/** Beside the journal: all that the commands printed since the last before_dump. */
export const HOOKS_OUTPUT = 'hooks.log';

/** What all commands of one plan and run have in common. */
export interface HookPlace {
  readonly programs: Programs;
  /** State directory of the plan. */
  readonly directory: string;
  readonly plan: string;
  readonly runId: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** A command of a hook did not do what it should. */
export class HookError extends PhaseError {
  /** True when it did not end by itself, so that what it has begun elsewhere may still be going on. */
  readonly isInterrupted: boolean;

  constructor(
    type: 'HookFailed' | 'ProcessKilled' | 'ProcessTimeout' | 'ToolMissing',
    message: string,
    options: { cause?: unknown; isInterrupted?: boolean } = {},
  ) {
    super(type, message, { cause: options.cause });
    this.isInterrupted = options.isInterrupted ?? false;
  }
}

/** Longest part of what a command printed that a message quotes, in characters. */
const MAX_QUOTE = 500;

/**
 * Runs commands one after the other, until one fails.
 *
 * @throws {HookError} naming plan, hook and command; the reason of the signal
 */
export async function runHook(
  place: HookPlace,
  hook: 'before_dump' | 'after_dump',
  commands: readonly (readonly string[])[],
): Promise<void> {
  for (const argv of commands) await runCommand(place, hook, argv);
}

async function runCommand(place: HookPlace, hook: string, argv: readonly string[]): Promise<void> {
  const [program = '', ...args] = argv;
  const what = describe(place, hook, argv);
  const result = await place.programs
    .runIntoFile({
      program,
      args,
      env: environmentOf(place, hook),
      outputFile: join(place.directory, HOOKS_OUTPUT),
      timeoutMs: place.timeoutMs,
      ...(place.signal === undefined ? {} : { signal: place.signal }),
    })
    .catch((error: unknown) => {
      throw toHookError(error, what);
    });
  if (result.exitCode === 0) return;
  if (result.exitCode === undefined) {
    throw new HookError('ProcessKilled', `${what} was ended by a signal from outside`, { isInterrupted: true });
  }
  throw new HookError('HookFailed', `${what} ended with exit code ${result.exitCode}${quote(result.output)}`);
}

/** Exit codes of a program that says that something does not run: 1, and 3 as `systemctl is-active` has it (LSB, systemctl(1)). */
const STOPPED_CODES = [1, 3];

export interface ServiceState {
  isRunning: boolean;
  /** What the command answered, for messages. */
  answer: string;
}

/**
 * Asks whether the service runs. Exit code 0 means that it does, unless the answer is `false`, as in
 * `docker inspect --format {{.State.Running}}`.
 *
 * @throws {HookError} when that is not known
 */
export async function askState(place: HookPlace, argv: readonly string[]): Promise<ServiceState> {
  const [program = '', ...args] = argv;
  const what = describe(place, 'state', argv);
  const result = await place.programs
    .run({
      program,
      args,
      env: environmentOf(place, 'state'),
      timeoutMs: place.timeoutMs,
      ...(place.signal === undefined ? {} : { signal: place.signal }),
    })
    .catch((error: unknown) => {
      throw toHookError(error, what);
    });
  const said = `${result.stdout}\n${result.stderr}`.trim();
  const answer = `exit code ${result.exitCode}${quote(said)}`;
  if (STOPPED_CODES.includes(result.exitCode)) return { isRunning: false, answer };
  if (result.exitCode === 0) return { isRunning: result.stdout.trim() !== 'false', answer };
  throw new HookError('HookFailed', `${what} gave neither 0 (it runs) nor 1 or 3 (it is stopped), but ${answer}`);
}

function describe({ plan }: HookPlace, hook: string, argv: readonly string[]): string {
  return `${hook} of plan ${plan}: \`${renderCommand(argv)}\``;
}

function environmentOf({ plan, runId }: HookPlace, hook: string): Record<string, string> {
  return { HOLDFAST_PLAN: plan, HOLDFAST_RUN_ID: runId, HOLDFAST_HOOK: hook };
}

function quote(output: string): string {
  return output === '' ? '' : `: ${output.slice(-MAX_QUOTE)}`;
}

function toHookError(error: unknown, what: string): unknown {
  if (error instanceof ProgramMissing) {
    return new HookError('ToolMissing', `${what} cannot be run: ${error.message}. Correct hooks, or install it.`, {
      cause: error,
    });
  }
  if (error instanceof ProgramTimeout) {
    const limit = `${Math.round(error.timeoutMs / 1000)} s, the timeout of hooks`;
    return new HookError('ProcessTimeout', `${what} was ended after ${limit}`, { cause: error, isInterrupted: true });
  }
  return error;
}
