import { access, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunReference } from '../../contract/backup.ts';
import { removeTree } from '../stage/remove-tree.ts';
import { syncDirectory } from '../stage/write-durably.ts';

/** The end of a run id, which is its random part: what the names of a restore's leavings end with. */
export function shortRunId(run: RunReference): string {
  return run.runId.slice(-8);
}

/** `<restore_directory>/<plan>-<start of the run>-<short run id>` */
export function restorePath(restoreDirectory: string, run: RunReference): string {
  const time = run.startedAt.replace(/\.\d+/, '').replaceAll(/[-:]/g, '');
  // The name of the plan came from outside, and its place is emptied.
  const name = `${run.plan}-${time}-${shortRunId(run)}`.replaceAll(/[^\w.-]/g, '_');
  return join(restoreDirectory, name);
}

/** A tree has this name until it is whole. */
export function partialPath(restoreDirectory: string, run: RunReference): string {
  return `${restorePath(restoreDirectory, run)}.partial`;
}

/** Makes an empty place that only the worker can read; what an earlier attempt left in it is gone. */
export async function preparePlace(restoreDirectory: string, run: RunReference): Promise<string> {
  const place = partialPath(restoreDirectory, run);
  await removeTree(place);
  await mkdir(place, { recursive: true, mode: 0o700 });
  return place;
}

/** Gives a whole tree its name. Safe to repeat. */
export async function keepTree(restoreDirectory: string, run: RunReference): Promise<string> {
  const path = restorePath(restoreDirectory, run);
  const isKept = await access(path).then(
    () => true,
    () => false,
  );
  if (!isKept) await rename(partialPath(restoreDirectory, run), path);
  await syncDirectory(restoreDirectory);
  return path;
}

/** Removes whatever a restore left under its own name. Safe to repeat. */
export async function removePlace(restoreDirectory: string, run: RunReference): Promise<void> {
  await removeTree(partialPath(restoreDirectory, run));
  await removeTree(restorePath(restoreDirectory, run));
}
