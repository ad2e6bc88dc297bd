import { CancelledFailure } from '@temporalio/common';
import { z } from 'zod';
import type { Configuration, Plan } from '../config/types.ts';
import type { OpenRunInput } from '../contract/activities.ts';
import type { OpenRunResult, PhaseResult, QueuedResult, RunReference } from '../contract/backup.ts';
import type { Databases } from './databases/registry.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { toPhaseError } from './failures.ts';
import { requireHooks } from './hooks/require-hooks.ts';
import { displayName } from './input/display.ts';
import { judge } from './input/judge.ts';
import { wantedName } from './input/shapes.ts';
import type { PhaseContext } from './phase.ts';
import { PhaseError } from './phase-error.ts';
import { requireRestic } from './restic/restic.ts';
import type { ActivePhases } from './run/active-phases.ts';
import { claimPlan, type Holder } from './run/claim.ts';
import { requireInTime } from './run/lateness.ts';
import { describeLackOfSpace, estimateStage } from './run/stage-space.ts';
import { runOpenness, sweepDeadRuns } from './run/sweep-dead-runs.ts';
import { describeHolder, takeTurn } from './run/turns.ts';
import { prepareWorkspace } from './run/workspace.ts';

const backupInput = z.strictObject({
  plan: wantedName,
  when_busy: z.enum(['wait', 'refuse']).default('wait'),
});

/** Longest pause of the usual back-off; nearer to the deadline it is tried again at a steady pace. */
const LAST_MINUTE_MS = 60_000;
const LAST_RETRY_MS = 5_000;

type OpenRunDependencies = ActivityDependencies & { databases: Databases; activePhases: ActivePhases };

/**
 * Begins a run: judges the input and whether it is too late for it, claims the plan and a slot of the host, sweeps what a dead run
 * left, and looks whether the dumps can work at all: tools, database log-ins, disk space. The repository, which takes longer to open than
 * all of that, is left to `probeRepository`.
 *
 * Without a free slot it returns before anything is touched: the run then waits in `awaitTurn`, and opens again.
 * Safe to repeat: a run claims again what it holds, and its stage is empty until the phases after this one.
 */
export async function openRun(
  deps: OpenRunDependencies,
  input: OpenRunInput,
  context: PhaseContext,
): Promise<Omit<OpenRunResult, keyof PhaseResult> | Omit<QueuedResult, keyof PhaseResult>> {
  const { configuration } = deps;
  const request = judge(backupInput, input.input, 'the input of a backup must be {"plan": "NAME"}');
  const plan = findPlan(configuration, request.plan);
  requireInTime(plan.schedule, input.arrival, { host: configuration.host, byHand: `holdfast backup ${plan.name}` });
  const run = { plan: plan.name, workflowId: input.workflowId, runId: input.runId, startedAt: input.startedAt };
  try {
    const ahead = await claim(deps, plan, run, context);
    if (ahead !== undefined) return { queuedBehind: describeHolder(ahead) };
    await checkWhatIsNeeded(deps, plan, context);
  } catch (error) {
    throw endRetries(error, plan, { run, now: context.now() }, request.when_busy);
  }
  return {
    plan: plan.name,
    host: configuration.host,
    sources: plan.sources.map(({ kind, name }) => ({ kind, name })),
    hasArchive: plan.archive !== undefined,
    hasRetention: plan.retention !== undefined,
    hasProbe: true,
    deadlineMs: plan.deadlineMs,
    hasSearchAttributes: deps.hasSearchAttributes,
    ...(plan.hooks === undefined ? {} : { hooks: { maxStoppedMs: plan.hooks.maxStoppedMs } }),
  };
}

/** Returns the run to wait for; undefined once the run has all that it needs of the host. */
async function claim(
  deps: OpenRunDependencies,
  plan: Plan,
  run: RunReference,
  context: PhaseContext,
): Promise<Holder | undefined> {
  const { stateDirectory, maxParallelRuns } = deps.configuration;
  const isRunOpen = runOpenness(deps);
  context.report({ phase: 'claim' });
  await sweepDeadRuns(deps);
  await claimPlan({ directory: plan.stateDirectory, run, isRunOpen });
  await settleOlderHooks(deps, plan, run, context);
  return takeTurn({ stateDirectory, slots: maxParallelRuns, run, isRunOpen });
}

async function checkWhatIsNeeded(deps: OpenRunDependencies, plan: Plan, context: PhaseContext): Promise<void> {
  const { databases, programs } = deps;
  await prepareWorkspace(plan);
  context.report({ phase: 'check tools' });
  await requireRestic(programs, context.signal);
  await requireHooks(programs, plan);
  context.report({ phase: 'check sources and disk space' });
  await requireDiskSpace(plan, await estimateStage(databases, plan, context));
}

/** What an older run stopped is started before this one stops it again. */
async function settleOlderHooks(
  { hooks }: OpenRunDependencies,
  plan: Plan,
  run: RunReference,
  context: PhaseContext,
): Promise<void> {
  const owed = await hooks.settleOlder(plan.stateDirectory, run.runId, context.signal);
  if (owed === undefined) return;
  context.warn(`after_dump was owed since ${owed.since} by run ${owed.workflow_id}, and was run before this run began`);
}

/** @throws {PhaseError} ConfigInvalid, naming the plans that there are */
export function findPlan(configuration: Configuration, name: string): Plan {
  const plan = configuration.plans.get(name);
  if (plan !== undefined) return plan;
  const known = [...configuration.plans.keys()].join(', ');
  throw new PhaseError(
    'ConfigInvalid',
    `there is no plan ${displayName(name)} in ${configuration.file} on ${configuration.host}; it has: ${known}. A worker reads the file once, when it starts.`,
  );
}

/** Beyond the deadline nothing is retried any more; nor is a busy plan where somebody sits in front of the answer. */
export function endRetries(
  error: unknown,
  plan: Plan,
  { run, now }: { run: RunReference /** By Temporal's clock. */; now: number },
  whenBusy: 'wait' | 'refuse',
): unknown {
  if (error instanceof CancelledFailure) return error;
  const failure = toPhaseError(error);
  const remainingMs = Date.parse(run.startedAt) + plan.deadlineMs - now;
  const isRefused = failure.type === 'PlanBusy' && whenBusy === 'refuse';
  if (remainingMs <= 0 || isRefused) return new PhaseError(failure.type, failure.message, { cause: error, isFinal: true });
  if (remainingMs > LAST_MINUTE_MS) return error;
  // The usual back-off would sleep past the deadline.
  return new PhaseError(failure.type, failure.message, {
    cause: error,
    retryAfterMs: Math.min(remainingMs + 100, LAST_RETRY_MS),
  });
}

async function requireDiskSpace(plan: Plan, bytes: number): Promise<void> {
  const lack = await describeLackOfSpace(plan, bytes);
  if (lack !== undefined) throw new PhaseError('DiskFull', `${lack}. Free some space, or move staging_directory.`);
}
