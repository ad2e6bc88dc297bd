import type { BigIntStats } from 'node:fs';
import { chmod, lstat } from 'node:fs/promises';

const OWNER_READ = 0o400n;
const OWNER_READ_AND_ENTER = 0o500n;

/**
 * Sees to it that the worker can read its own copy: it may have been able to read the original by its group alone, and a copy
 * belongs to the worker. Root reads everything, so its copies keep their modes exactly.
 *
 * @returns the stat of the copy as it then is
 */
export async function ensureReadable(path: Buffer, staged: BigIntStats): Promise<BigIntStats> {
  const needed = staged.isDirectory() ? OWNER_READ_AND_ENTER : OWNER_READ;
  if (process.geteuid?.() === 0 || staged.isSymbolicLink() || (staged.mode & needed) === needed) return staged;
  await chmod(path, Number((staged.mode | needed) & 0o7777n));
  return lstat(path, { bigint: true });
}
