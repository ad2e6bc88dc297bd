import type { ListFilesResult } from '../contract/restore.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { findPlan } from './open-run.ts';
import type { PhaseContext } from './phase.ts';
import { createRestic } from './restic/restic.ts';
import { findBackup } from './restore/find-backup.ts';
import { parseListInput } from './restore/parse-restore-input.ts';

/** A result may take 2 MiB in all (Temporal's limit for one payload). */
const MAX_FILES = 5_000;

/** Lists a directory of a snapshot, for the CLI. @throws {PhaseError} ConfigInvalid, and what restic ends with */
export async function listFiles(deps: ActivityDependencies, input: unknown, context: PhaseContext): Promise<ListFilesResult> {
  const request = parseListInput(input);
  const plan = findPlan(deps.configuration, request.plan);
  const { origin, time } = await findBackup(deps, plan, { ...request, from: 'repository' }, context);
  const snapshotId = origin.from === 'repository' ? origin.id : '';
  const { stateDirectory } = deps.configuration;
  const restic = createRestic({ ...deps, repository: plan.repository, stateDirectory, context });
  const files = await restic.list({ snapshotId, path: request.path ?? '' });
  return { snapshot_id: snapshotId, time, files: files.slice(0, MAX_FILES), total: files.length };
}
