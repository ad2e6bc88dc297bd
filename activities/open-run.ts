import { z } from 'zod';
import type { Configuration, Plan } from '../config/types.ts';
import type { OpenRunInput } from '../contract/activities.ts';
import type { OpenRunResult, PhaseResult, RunReference } from '../contract/backup.ts';
import type { Databases } from './databases/registry.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { PhaseContext } from './phase.ts';
import { PhaseError } from './phase-error.ts';
import { createRestic, requireRestic } from './restic/restic.ts';
import type { ActivePhases } from './run/active-phases.ts';
import { claimPlan } from './run/claim.ts';
import { describeLackOfSpace, estimateStage } from './run/stage-space.ts';
import { runOpenness, sweepDeadRuns } from './run/sweep-dead-runs.ts';
import { prepareWorkspace } from './run/workspace.ts';

const backupInput = z.strictObject({
  plan: z.string().max(100),
  when_busy: z.enum(['wait', 'refuse']).default('wait'),
});

/** Longest pause of the usual back-off; nearer to the deadline it is tried again at a steady pace. */
const LAST_MINUTE_MS = 60_000;
const LAST_RETRY_MS = 5_000;

type OpenRunDependencies = ActivityDependencies & { databases: Databases; activePhases: ActivePhases };

/**
 * Begins a run: judges the input, claims the plan, sweeps what a dead run left, and looks whether the rest can work at all: tools,
 * repository, database log-ins, disk space.
 *
 * Safe to repeat: a run claims again what it holds, and its stage is empty until the phases after this one.
 */
export async function openRun(
  deps: OpenRunDependencies,
  input: OpenRunInput,
  context: PhaseContext,
): Promise<Omit<OpenRunResult, keyof PhaseResult>> {
  const { configuration } = deps;
  const request = parseInput(input.input);
  const plan = findPlan(configuration, request.plan);
  const run = { plan: plan.name, workflowId: input.workflowId, runId: input.runId, startedAt: input.startedAt };
  try {
    await claimAndCheck(deps, plan, run, context);
  } catch (error) {
    throw endRetries(error, plan, run, request.when_busy);
  }
  return {
    plan: plan.name,
    host: configuration.host,
    sources: plan.sources.map(({ kind, name }) => ({ kind, name })),
    hasArchive: plan.archive !== undefined,
    hasRetention: plan.retention !== undefined,
    deadlineMs: plan.deadlineMs,
    hasSearchAttributes: deps.hasSearchAttributes,
  };
}

async function claimAndCheck(deps: OpenRunDependencies, plan: Plan, run: RunReference, context: PhaseContext): Promise<void> {
  const { databases, configuration, programs } = deps;
  context.report({ phase: 'claim' });
  await sweepDeadRuns(deps);
  await claimPlan({
    directory: plan.stateDirectory,
    run,
    isRunOpen: runOpenness(deps),
  });
  await prepareWorkspace(plan);
  context.report({ phase: 'check tools and repository' });
  await requireRestic(programs, context.signal);
  await createRestic({ programs, repository: plan.repository, stateDirectory: configuration.stateDirectory, context }).probe();
  context.report({ phase: 'check sources and disk space' });
  await requireDiskSpace(plan, await estimateStage(databases, plan, context));
}

function parseInput(input: unknown): z.infer<typeof backupInput> {
  const parsed = backupInput.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`).join('; ');
  throw new PhaseError('ConfigInvalid', `the input of a backup must be {"plan": "NAME"}: ${problems}`);
}

/** @throws {PhaseError} ConfigInvalid, naming the plans that there are */
export function findPlan(configuration: Configuration, name: string): Plan {
  const plan = configuration.plans.get(name);
  if (plan !== undefined) return plan;
  const known = [...configuration.plans.keys()].join(', ');
  throw new PhaseError(
    'ConfigInvalid',
    `there is no plan ${JSON.stringify(name)} in ${configuration.file} on ${configuration.host}; it has: ${known}. A worker reads the file once, when it starts.`,
  );
}

/** Beyond the deadline nothing is retried any more; nor is a busy plan where somebody sits in front of the answer. */
export function endRetries(error: unknown, plan: Plan, run: RunReference, whenBusy: 'wait' | 'refuse'): unknown {
  if (!(error instanceof PhaseError)) return error;
  const remainingMs = Date.parse(run.startedAt) + plan.deadlineMs - Date.now();
  const isRefused = error.type === 'PlanBusy' && whenBusy === 'refuse';
  if (remainingMs <= 0 || isRefused) return new PhaseError(error.type, error.message, { cause: error, isFinal: true });
  if (remainingMs > LAST_MINUTE_MS) return error;
  // The usual back-off would sleep past the deadline.
  return new PhaseError(error.type, error.message, { cause: error, retryAfterMs: Math.min(remainingMs + 100, LAST_RETRY_MS) });
}

async function requireDiskSpace(plan: Plan, bytes: number): Promise<void> {
  const lack = await describeLackOfSpace(plan, bytes);
  if (lack !== undefined) throw new PhaseError('DiskFull', `${lack}. Free some space, or move staging_directory.`);
}
