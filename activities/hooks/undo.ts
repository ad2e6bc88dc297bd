import { setTimeout as delay } from 'node:timers/promises';
import type { Configuration, Hooks } from '../../config/types.ts';
import type { HooksJournal } from '../../contract/hooks.ts';
import type { Programs } from '../../process/programs.ts';
import type { OwedHooks } from './journal.ts';
import { askState, HookError, type HookPlace, runHook } from './run-hook.ts';

/**
 * After an interrupted before_dump after_dump is run twice, with so much time between: a service manager goes on stopping when
 * the program that asked for it is gone, and takes a start meanwhile for one of something that runs. Docker's own limit for a
 * container to stop is 10 s (`docker stop --help`).
 */
const SECOND_TIME_AFTER_MS = 15_000;

/** A service may need a moment after its start until `state` sees it. */
const STATE_TRIES = 5;
const STATE_PAUSE_MS = 1_000;

/**
 * Undoes before_dump: runs after_dump, and asks `state` whether it worked, where there is one. The journal stays as it is.
 *
 * @throws {HookError} naming plan and command; the reason of the signal
 */
export async function undoBeforeDump(
  deps: { programs: Programs; configuration: Configuration },
  { directory, journal }: OwedHooks,
  signal?: AbortSignal,
): Promise<void> {
  const { afterDump, state, timeoutMs } = commandsOf(deps.configuration, journal);
  const place = { programs: deps.programs, directory, plan: journal.plan, runId: journal.run_id, timeoutMs, signal };
  await runHook(place, 'after_dump', afterDump);
  if (journal.before_dump === 'running') {
    await delay(SECOND_TIME_AFTER_MS, undefined, signal === undefined ? {} : { signal });
    await runHook(place, 'after_dump', afterDump);
  }
  if (state !== undefined) await requireRunning(place, state);
}

/** As the configuration has it today, so that a mended command counts; else as it was. */
export function commandsOf(
  configuration: Configuration,
  journal: HooksJournal,
): Pick<Hooks, 'afterDump' | 'state' | 'timeoutMs'> {
  const hooks = configuration.plans.get(journal.plan)?.hooks;
  if (hooks !== undefined && hooks.afterDump.length > 0) return hooks;
  return { afterDump: journal.after_dump, state: journal.state, timeoutMs: journal.timeout_ms };
}

async function requireRunning(place: HookPlace, argv: readonly string[]): Promise<void> {
  for (let left = STATE_TRIES; ; left--) {
    const { isRunning, answer } = await askState(place, argv);
    if (isRunning) return;
    if (left === 1)
      throw new HookError(
        'HookFailed',
        `after_dump of plan ${place.plan} ended well, but state says that nothing runs: ${answer}`,
      );
    await delay(STATE_PAUSE_MS, undefined, place.signal === undefined ? {} : { signal: place.signal });
  }
}
