import type { Plan } from '../../config/types.ts';
import type { RestoreOrigin } from '../../contract/restore.ts';
import { unpackArchive } from '../archive/unpack-archive.ts';
import type { ActivityDependencies } from '../dependencies.ts';
import type { PhaseContext } from '../phase.ts';
import { createRestic } from '../restic/restic.ts';
import { MANIFEST_NAME, RESTORE_DOCUMENT_NAME } from '../stage/seal-stage.ts';
import { archivePath } from './find-backup.ts';

/** What is fetched with whatever else is: what there should be, and how to put it back. */
export const DOCUMENTS = [MANIFEST_NAME, RESTORE_DOCUMENT_NAME];

/**
 * Fetches paths of a backup into an existing, empty directory.
 *
 * @param paths relative to the stage, with all that is below
 * @throws {PhaseError} RepositoryDamaged, DumpRejected, DiskFull, StorageUnavailable, …
 */
export async function fetchPaths(
  deps: ActivityDependencies,
  { plan, origin, target, paths }: { plan: Plan; origin: RestoreOrigin; target: string; paths: readonly string[] },
  context: PhaseContext,
): Promise<void> {
  if (origin.from === 'archive') {
    await unpackArchive({ programs: deps.programs, context }, archivePath(plan, origin.name), target, { only: paths });
    return;
  }
  const { stateDirectory } = deps.configuration;
  const restic = createRestic({ ...deps, repository: plan.repository, stateDirectory, context });
  await restic.restore({ snapshotId: origin.id, target, include: paths });
}
