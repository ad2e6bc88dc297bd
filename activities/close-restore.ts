import type { PhaseResult } from '../contract/backup.ts';
import type { CloseRestoreInput, CloseRestoreResult } from '../contract/restore.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { dropRestore } from './restore/open-restores.ts';
import { undoUnfinished } from './restore/put-back-source.ts';
import { keepTree, partialPath, removePlace } from './restore/restore-place.ts';

/**
 * Ends a restore: gives its tree its name, or removes it and undoes what was put back half. Runs whatever happened before, and is
 * safe to repeat.
 */
export async function closeRestore(
  deps: ActivityDependencies,
  { run, isKept }: CloseRestoreInput,
): Promise<Omit<CloseRestoreResult, keyof PhaseResult>> {
  const { restoreDirectory } = deps.configuration;
  if (isKept) {
    const path = await keepTree(restoreDirectory, run);
    await dropRestore(deps.configuration, run);
    return { path };
  }
  await undoUnfinished(partialPath(restoreDirectory, run), run);
  await removePlace(restoreDirectory, run);
  await dropRestore(deps.configuration, run);
  return {};
}
