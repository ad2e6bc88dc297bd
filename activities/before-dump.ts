import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hooks, Plan } from '../config/types.ts';
import type { PhaseInput } from '../contract/activities.ts';
import type { RunReference } from '../contract/backup.ts';
import type { HooksJournal } from '../contract/hooks.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { readJournal, removeJournal, writeJournal } from './hooks/journal.ts';
import { askState, HOOKS_OUTPUT, HookError, type HookPlace, runHook } from './hooks/run-hook.ts';
import { findPlan } from './open-run.ts';
import type { PhaseContext } from './phase.ts';
import { PhaseError } from './phase-error.ts';
import { requireClaim } from './run/workspace.ts';

/** Half of what before_dump stops may be stopped while the rest fails: that is not to last. */
const RETRIED_FOR_MS = 5 * 60 * 1000;

/**
 * Runs before_dump, after it was written down that after_dump is owed. Neither is run when `state` says that the service is
 * stopped already.
 *
 * Safe to repeat: an attempt that finds the journal of an earlier one does not ask `state`, which would see what that one has
 * stopped, but goes on with before_dump.
 *
 * @throws {PhaseError} HookFailed, ProcessTimeout, ToolMissing, PlanBusy
 */
export async function beforeDump(deps: ActivityDependencies, { run }: PhaseInput, context: PhaseContext): Promise<object> {
  const plan = findPlan(deps.configuration, run.plan);
  const { hooks, stateDirectory: directory } = plan;
  if (hooks === undefined) return {};
  // openRun has done so; what it left would be forgotten here.
  await deps.hooks.settleOlder(directory, run.runId, context.signal);
  await deps.hooks.exclusively(directory, async () => {
    context.signal.throwIfAborted();
    await requireClaim(plan, run);
    const place = { ...deps, directory, plan: plan.name, runId: run.runId, timeoutMs: hooks.timeoutMs, signal: context.signal };
    const journal = await owe(deps, { plan, hooks, run, place }, context);
    if (journal === undefined || journal.before_dump === 'done') return;
    context.report({ phase: 'before_dump' });
    await runOwed(place, hooks, journal);
  });
  return {};
}

interface Stop {
  plan: Plan;
  hooks: Hooks;
  run: RunReference;
  place: HookPlace;
}

/** Writes down that after_dump is owed; undefined when nothing is to be stopped. */
async function owe(
  { configuration }: ActivityDependencies,
  { plan, hooks, run, place }: Stop,
  context: PhaseContext,
): Promise<HooksJournal | undefined> {
  const { directory } = place;
  const earlier = await readJournal(directory);
  const isOurs = earlier?.run_id === run.runId && earlier.undone_at === undefined;
  if (isOurs) {
    await writeJournal({ directory, journal: earlier.before_dump === 'done' ? earlier : { ...earlier, before_dump: 'running' } });
    return earlier;
  }
  if (!(await isToStop(place, hooks, context))) {
    if (earlier !== undefined) await removeJournal(directory);
    return undefined;
  }
  const journal: HooksJournal = {
    host: configuration.host,
    plan: plan.name,
    workflow_id: run.workflowId,
    run_id: run.runId,
    since: new Date().toISOString(),
    before_dump: 'running',
    after_dump: hooks.afterDump.map((argv) => [...argv]),
    ...(hooks.state === undefined ? {} : { state: [...hooks.state] }),
    timeout_ms: hooks.timeoutMs,
    max_stopped_ms: hooks.maxStoppedMs,
  };
  await rm(join(directory, HOOKS_OUTPUT), { force: true });
  if (hooks.afterDump.length > 0) await writeJournal({ directory, journal });
  return journal;
}

async function isToStop(place: HookPlace, { state }: Hooks, context: PhaseContext): Promise<boolean> {
  if (state === undefined) return true;
  context.report({ phase: 'state' });
  const { isRunning, answer } = await askState(place, state);
  if (!isRunning) {
    context.warn(
      `hooks were not run: what plan ${place.plan} stops for its dumps was stopped already, as state says (${answer})`,
    );
  }
  return isRunning;
}

async function runOwed(place: HookPlace, hooks: Hooks, journal: HooksJournal): Promise<void> {
  const note = async (before_dump: HooksJournal['before_dump']) => {
    if (hooks.afterDump.length > 0) await writeJournal({ directory: place.directory, journal: { ...journal, before_dump } });
  };
  try {
    await runHook(place, 'before_dump', hooks.beforeDump);
  } catch (error) {
    if (!(error instanceof HookError)) throw error;
    if (!error.isInterrupted) await note('failed');
    const isFinal = Date.now() - Date.parse(journal.since) > RETRIED_FOR_MS;
    throw isFinal ? new PhaseError(error.type, error.message, { cause: error, isFinal }) : error;
  }
  await note('done');
}
