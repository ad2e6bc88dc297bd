import { z } from 'zod';
import type { Configuration, Repository } from '../config/types.ts';
import type { PhaseResult, ReportRunResult } from '../contract/backup.ts';
import type {
  CheckRepositoryInput,
  CheckResult,
  OpenMaintenanceInput,
  OpenMaintenanceResult,
  PruneRepositoryInput,
  PruneResult,
  ReportMaintenanceInput,
} from '../contract/maintenance.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { displayName, displayText } from './input/display.ts';
import { judge } from './input/judge.ts';
import { wantedName } from './input/shapes.ts';
import { dueNotifications } from './notifications/due.ts';
import type { PhaseContext } from './phase.ts';
import { PhaseError } from './phase-error.ts';
import { checkRepository as check, type DataToRead, describeData } from './restic/check.ts';
import { pruneRepository as prune } from './restic/prune.ts';
import { requireRestic } from './restic/restic.ts';
import type { ActivePhases } from './run/active-phases.ts';
import { findHolder } from './run/claim.ts';
import { requireInTime } from './run/lateness.ts';
import { advancePart, nextPart, saveLastMaintenance } from './run/repository-state.ts';

type OpenDependencies = ActivityDependencies & { activePhases: ActivePhases };

const INPUTS = {
  check: z.strictObject({ repository: wantedName, read_data: z.boolean().default(false) }),
  prune: z.strictObject({ repository: wantedName }).transform((input) => ({ ...input, read_data: false })),
};

/** How soon a repository that is in use is worth another look. */
const BUSY_RETRY_MS = 10_000;

/** For a repository that is checked or pruned by hand only. */
const DEFAULT_DEADLINE_MS = 6 * 60 * 60 * 1000;

/**
 * Begins a check or prune: judges the input, and waits until no plan backs up into the repository.
 *
 * A run that begins later still goes first at the gate (restic/gate.ts), or waits there until the check or prune is over.
 *
 * @throws {PhaseError} RepositoryLocked, naming the run in progress; tried again until the deadline
 */
export async function openMaintenance(
  deps: OpenDependencies,
  { task, startedAt, arrival, input }: OpenMaintenanceInput,
  context: PhaseContext,
): Promise<Omit<OpenMaintenanceResult, keyof PhaseResult>> {
  const { configuration } = deps;
  const request = judge(INPUTS[task], input, `the input of a ${task} must be {"repository": "NAME"}`);
  const repository = findRepository(configuration, request.repository);
  const byHand = `holdfast ${task} ${repository.name}`;
  requireInTime(repository[task]?.schedule, arrival, { host: configuration.host, byHand });
  await requireRestic(deps.programs, context.signal);
  const deadlineMs = repository[task]?.deadlineMs ?? DEFAULT_DEADLINE_MS;
  await requireNoRun(deps, repository, context.now() > Date.parse(startedAt) + deadlineMs);
  return {
    repository: repository.name,
    host: configuration.host,
    readsAllData: request.read_data,
    deadlineMs,
    hasSearchAttributes: deps.hasSearchAttributes,
  };
}

/** @throws {PhaseError} ConfigInvalid, naming the repositories that there are */
export function findRepository({ repositories, file, host }: Configuration, name: string): Repository {
  const repository = repositories.get(name);
  if (repository !== undefined) return repository;
  const known = [...repositories.keys()].join(', ');
  throw new PhaseError('ConfigInvalid', `there is no repository ${displayName(name)} in ${file} on ${host}; it has: ${known}.`);
}

async function requireNoRun(deps: OpenDependencies, repository: Repository, isPastDeadline: boolean): Promise<void> {
  const plans = [...deps.configuration.plans.values()].filter((plan) => plan.repository.name === repository.name);
  for (const plan of plans) {
    const holder = await findHolder(plan.stateDirectory);
    if (holder === undefined || !(deps.activePhases.has(holder.runId) || (await deps.isRunOpen(holder)))) continue;
    throw new PhaseError(
      'RepositoryLocked',
      `repository ${repository.name} is in use: run ${displayText(holder.workflowId)} of plan ${plan.name} is in progress since ${holder.startedAt}, and goes first.`,
      { retryAfterMs: BUSY_RETRY_MS, isFinal: isPastDeadline },
    );
  }
}

/**
 * Checks a repository, and reads the part of its data whose turn it is. The turn passes on only when that part is whole.
 *
 * Safe to repeat: an attempt whose answer was lost is made up for by one more part.
 */
export async function checkRepository(
  deps: ActivityDependencies,
  input: CheckRepositoryInput,
  context: PhaseContext,
): Promise<CheckResult> {
  const { stateDirectory } = deps.configuration;
  const repository = findRepository(deps.configuration, input.repository);
  const place = { stateDirectory, repository: repository.name };
  const data = await chooseData(repository, place, input.readsAllData);
  context.report({ phase: `check, reading ${data.kind === 'none' ? 'no data' : `${describeData(data)} of the data`}` });
  const { suggestsPrune } = await check({ ...deps, repository, stateDirectory, context }, data);
  if (data.kind === 'part') await advancePart(place, data.part, data.total);
  return { dataRead: describeData(data), suggestsPrune };
}

async function chooseData(
  repository: Repository,
  place: Parameters<typeof nextPart>[0],
  readsAllData: boolean,
): Promise<DataToRead> {
  const total = repository.check?.readDataSubset?.total;
  if (readsAllData) return { kind: 'all' };
  return total === undefined ? { kind: 'none' } : { kind: 'part', part: await nextPart(place, total), total };
}

/** Removes what no snapshot needs. Safe to repeat, but then it reports what was left for the last attempt. */
export async function pruneRepository(
  deps: ActivityDependencies,
  input: PruneRepositoryInput,
  context: PhaseContext,
): Promise<PruneResult> {
  const { stateDirectory } = deps.configuration;
  const repository = findRepository(deps.configuration, input.repository);
  context.report({ phase: 'prune' });
  return prune({ ...deps, repository, stateDirectory, context });
}

/** Counts an ended check or prune in the metrics, keeps the record of one that succeeded, and says who is to hear of it. */
export async function reportMaintenance(
  deps: ActivityDependencies,
  { task, record }: ReportMaintenanceInput,
): Promise<Omit<ReportRunResult, keyof PhaseResult>> {
  const { stateDirectory, repositories, notifications } = deps.configuration;
  if (!repositories.has(record.plan)) return { notifications: [] };
  if (record.outcome === 'succeeded') await saveLastMaintenance({ stateDirectory, repository: record.plan }, task, record);
  deps.onMaintenanceReported(task, record);
  // Whoever waits for the sign of life of the backups must not take a check for one.
  return { notifications: record.outcome === 'succeeded' ? [] : dueNotifications(notifications, record) };
}
