import type { Configuration, Plan } from '../../config/types.ts';
import { type HooksJournal, renderCommands } from '../../contract/hooks.ts';
import type { Finding } from '../../contract/inspect.ts';
import type { Programs } from '../../process/programs.ts';
import type { PhaseContext } from '../phase.ts';
import { findJournals, readJournal } from './journal.ts';
import { programsOfHooks } from './require-hooks.ts';
import { askState } from './run-hook.ts';
import { commandsOf } from './undo.ts';

interface HookExamination {
  configuration: Configuration;
  programs: Programs;
}

/** Looks whether the programs of hooks are there, what `state` answers, and what is owed. Stops and starts nothing. */
export async function examineHooks(deps: HookExamination, context: PhaseContext): Promise<Finding[]> {
  const plans = [...deps.configuration.plans.values()];
  const [owed, ...found] = await Promise.all([
    examineDebts(deps.configuration),
    ...plans.map((plan) => examinePlan(deps.programs, plan, context)),
  ]);
  return [...owed, ...found.flat()];
}

async function examinePlan(programs: Programs, plan: Plan, context: PhaseContext): Promise<Finding[]> {
  const missing: Finding[] = [];
  for (const { subject, program } of programsOfHooks(plan)) {
    await programs.find(program).catch((error: Error) => {
      const advice = 'Correct it, or install it where the worker runs.';
      missing.push({ level: 'problem', subject, message: error.message, advice });
    });
  }
  const { hooks } = plan;
  if (hooks === undefined || missing.length > 0) return missing;
  if (hooks.state === undefined) return [{ level: 'ok', subject: `plans.${plan.name}.hooks`, message: 'all programs are there' }];
  return [await examineState(programs, { plan, state: hooks.state, timeoutMs: hooks.timeoutMs }, context)];
}

async function examineState(
  programs: Programs,
  { plan, state, timeoutMs }: { plan: Plan; state: readonly string[]; timeoutMs: number },
  context: PhaseContext,
): Promise<Finding> {
  const subject = `plans.${plan.name}.hooks.state`;
  const place = { programs, directory: plan.stateDirectory, plan: plan.name, runId: '', timeoutMs, signal: context.signal };
  try {
    const { isRunning, answer } = await askState(place, state);
    return { level: 'ok', subject, message: `${isRunning ? 'runs' : 'is stopped'} (${answer})` };
  } catch (error) {
    if (context.signal.aborted) throw error;
    const message = error instanceof Error ? error.message : String(error);
    return { level: 'problem', subject, message, advice: 'Correct it: a run of the plan would fail by it.' };
  }
}

async function examineDebts(configuration: Configuration): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const directory of await findJournals(configuration.stateDirectory)) {
    try {
      const journal = await readJournal(directory);
      if (journal !== undefined && journal.undone_at === undefined) findings.push(examineDebt(configuration, journal));
    } catch (error) {
      findings.push({ level: 'problem', subject: 'hooks', message: error instanceof Error ? error.message : String(error) });
    }
  }
  return findings;
}

function examineDebt(configuration: Configuration, journal: HooksJournal): Finding {
  const { plan, since, failure } = journal;
  const subject = `hooks of plan ${plan}`;
  if (failure === undefined) {
    const message = `stopped since ${since} for run ${journal.workflow_id}; after_dump follows`;
    return { level: 'ok', subject, message };
  }
  return {
    level: 'problem',
    subject,
    message: `STOPPED since ${since}: after_dump failed ${failure.attempts} times: ${failure.message}`,
    advice: `Type: ${renderCommands(commandsOf(configuration, journal).afterDump)} (the worker goes on trying, too)`,
  };
}
