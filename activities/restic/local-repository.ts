import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Repository } from '../../config/types.ts';
import { PhaseError } from '../phase-error.ts';

/**
 * Looks whether a snapshot that restic says it made lies in the repository, where that is a directory. When its disk is taken off
 * under an upload, restic makes what it misses in the empty mount point and succeeds (restic 0.19.1, internal/backend/local).
 *
 * @throws {PhaseError} StorageUnavailable when it is not there
 */
export async function requireStored({ name, location }: Repository, snapshotId: string): Promise<void> {
  const directory = location.replace(/^local:/, '');
  if (!directory.startsWith('/')) return;
  try {
    // The first is never made by a backup.
    for (const file of ['config', `snapshots/${snapshotId}`]) await access(join(directory, file));
  } catch (error) {
    throw new PhaseError(
      'StorageUnavailable',
      `repository ${name}: the disk of ${directory} went away under the upload, so the snapshot ${snapshotId.slice(0, 8)} is not in it. ` +
        'Mount it again: the run goes on by itself, and makes the snapshot anew.',
      { cause: error },
    );
  }
}
