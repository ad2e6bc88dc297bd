import { join } from 'node:path';
import type { Plan } from '../../config/types.ts';
import type { RestoreOrigin } from '../../contract/restore.ts';
import { parseArchiveName } from '../archive/archive-name.ts';
import type { ActivityDependencies } from '../dependencies.ts';
import type { PhaseContext } from '../phase.ts';
import { PhaseError } from '../phase-error.ts';
import { namesIn } from '../presence.ts';
import { planTag } from '../restic/arguments.ts';
import { createRestic, requireRestic } from '../restic/restic.ts';
import { chooseBackup } from './choose-backup.ts';

export interface BackupRequest {
  from: 'repository' | 'archive';
  snapshot?: string | undefined;
  at?: string | undefined;
}

/** A backup of the plan, by its exact id. */
export interface FoundBackup {
  origin: RestoreOrigin;
  /** ISO 8601 in UTC. */
  time: string;
}

/**
 * Finds the backup that is meant. Only those of this plan and host are looked at, so that nobody restores another's by its id.
 *
 * @throws {PhaseError} ConfigInvalid, and what restic ends with
 */
export async function findBackup(
  deps: ActivityDependencies,
  plan: Plan,
  request: BackupRequest,
  context: PhaseContext,
): Promise<FoundBackup> {
  const { snapshot, at } = request;
  if (request.from === 'archive') {
    const { id, time } = chooseBackup(await listArchives(plan), { plan: plan.name, kind: 'archive', snapshot, at });
    return { origin: { from: 'archive', name: id }, time };
  }
  await requireRestic(deps.programs, context.signal);
  const { host, stateDirectory } = deps.configuration;
  const restic = createRestic({ ...deps, repository: plan.repository, stateDirectory, context });
  const snapshots = await restic.snapshots({ host, tags: [planTag(plan.name)] });
  const { id, time } = chooseBackup(snapshots, { plan: plan.name, kind: 'snapshot', snapshot, at });
  return { origin: { from: 'repository', id }, time: new Date(time).toISOString() };
}

async function listArchives(plan: Plan): Promise<{ id: string; time: string }[]> {
  const names = await namesIn(requireArchive(plan).directory);
  return names.flatMap((name) => {
    const parsed = parseArchiveName(name, plan.name);
    return parsed === undefined ? [] : [{ id: name, time: new Date(parsed.startedAtMs).toISOString() }];
  });
}

/** Path of an archive of the plan. @throws {PhaseError} ConfigInvalid */
export function archivePath(plan: Plan, name: string): string {
  if (parseArchiveName(name, plan.name) === undefined) {
    throw new PhaseError('ConfigInvalid', `${JSON.stringify(name)} is no archive of plan ${plan.name}.`);
  }
  return join(requireArchive(plan).directory, name);
}

function requireArchive(plan: Plan): NonNullable<Plan['archive']> {
  if (plan.archive !== undefined) return plan.archive;
  throw new PhaseError('ConfigInvalid', `plan ${plan.name} has no \`archive\` in holdfast.yaml. Restore from the repository.`);
}
