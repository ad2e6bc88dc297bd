import { access, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PhaseError } from '../phase-error.ts';

/** Left over beyond what a restore takes: file systems grow slow, and services fail, on the last bytes. */
const RESERVE_BYTES = 64 * 1024 * 1024;

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

async function nearestExisting(path: string): Promise<string> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  return exists || path === '/' ? path : nearestExisting(dirname(path));
}

function toMiB(bytes: number): string {
  return `${Math.ceil(bytes / (1024 * 1024))} MiB`;
}
