import { statfs } from 'node:fs/promises';
import { PhaseError } from '../phase-error.ts';
import { nearestExisting, RESERVE_BYTES, toMiB } from '../run/stage-space.ts';

/** Fails unless the disk of a path has room for so many bytes. The path need not exist yet. @throws {PhaseError} DiskFull */
export async function requireRoom(path: string, bytes: number, what: string): Promise<void> {
  const disk = await statfs(await nearestExisting(path));
  const free = disk.bavail * disk.bsize;
  if (free >= bytes + RESERVE_BYTES) return;
  throw new PhaseError(
    'DiskFull',
    `${what} needs ${toMiB(bytes)} in ${path}, and its disk has ${toMiB(free)} free. Free some space: the restore goes on by itself. Or restore less (--only).`,
  );
}
