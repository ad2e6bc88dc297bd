import type { AfterDumpInput } from '../contract/activities.ts';
import type { AfterDumpResult, PhaseResult, RunReference } from '../contract/backup.ts';
import { MAX_DUMP_ROUNDS } from '../contract/hooks.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { findJournals, type OwedHooks, readJournal, removeJournal } from './hooks/journal.ts';
import type { PhaseContext } from './phase.ts';
import { PhaseError } from './phase-error.ts';

/** The run waits so long for an after_dump that fails. Then it fails and tells of it, and the worker goes on trying. */
const RETRIED_FOR_MS = 10 * 60 * 1000;

/**
 * Runs after_dump if this run owes it, and judges what that means for the dumps: made in time, and with nothing started while
 * they were made.
 *
 * Safe to repeat. Needs neither the plan nor the claim: what was stopped is started whatever became of them.
 *
 * @throws {PhaseError} HookFailed, ProcessTimeout, ToolMissing of a command; ProcessTimeout after max_stopped; DumpRejected when
 * the dumps were disturbed in each round
 */
export async function afterDump(
  deps: ActivityDependencies,
  { run, round, isLate }: AfterDumpInput,
  context: PhaseContext,
): Promise<Omit<AfterDumpResult, keyof PhaseResult>> {
  const directory = await findDirectory(deps.configuration.stateDirectory, run);
  const wasUndoneBefore = directory !== undefined && (await settle(deps, { directory, run }, context));
  if (isLate) throw late(run);
  if (wasUndoneBefore && round >= MAX_DUMP_ROUNDS) throw disturbed(run);
  return { wasUndoneBefore };
}

/** The journal is looked for and not addressed: no name that came with a workflow becomes a path. */
async function findDirectory(stateDirectory: string, run: RunReference): Promise<string | undefined> {
  for (const directory of await findJournals(stateDirectory)) {
    if ((await readJournal(directory).catch(() => undefined))?.run_id === run.runId) return directory;
  }
  return undefined;
}

/** Says whether the worker had undone before_dump already: what stopped then ran while the dumps were made. */
async function settle(
  deps: ActivityDependencies,
  { directory, run }: { directory: string; run: RunReference },
  context: PhaseContext,
): Promise<boolean> {
  return deps.hooks.exclusively(directory, async () => {
    context.signal.throwIfAborted();
    const journal = await readJournal(directory);
    if (journal?.run_id !== run.runId) return false;
    // The journal stays, so that a second attempt says the same; beforeDump or the end of the run removes it.
    if (journal.undone_at !== undefined) return true;
    context.report({ phase: 'after_dump' });
    await undo(deps, { directory, journal }, context.signal);
    await removeJournal(directory);
    return false;
  });
}

async function undo(deps: ActivityDependencies, owed: OwedHooks, signal: AbortSignal): Promise<void> {
  try {
    await deps.hooks.undo(owed, signal);
  } catch (error) {
    if (!(error instanceof PhaseError)) throw error;
    const failingSince = (await readJournal(owed.directory))?.failure?.since;
    const isFinal = failingSince !== undefined && Date.now() - Date.parse(failingSince) > RETRIED_FOR_MS;
    const advice = `The worker of this host goes on trying; holdfast doctor says what to type.`;
    throw new PhaseError(error.type, `${error.message}. ${advice}`, { cause: error, isFinal });
  }
}

function late({ plan }: RunReference): PhaseError {
  return new PhaseError(
    'ProcessTimeout',
    `the dumps of plan ${plan} were not over within max_stopped of its hooks and were cancelled; after_dump was run. Give them more time, or dump without stopping anything.`,
    { isFinal: true },
  );
}

function disturbed({ plan }: RunReference): PhaseError {
  return new PhaseError(
    'DumpRejected',
    `each of ${MAX_DUMP_ROUNDS} times that plan ${plan} was dumped its worker was stopped or cut off, and ran after_dump before the dumps were over. They were given up; run it again when the worker runs undisturbed.`,
  );
}
