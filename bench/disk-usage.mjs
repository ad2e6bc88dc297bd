import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes that a directory takes on disk, without some of its direct entries. What vanishes meanwhile counts nothing. */
export async function diskUsage(directory, except = []) {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const sizes = entries
    .filter((entry) => !except.includes(entry.name))
    .map((entry) => {
      const path = join(directory, entry.name);
      return entry.isDirectory() ? diskUsage(path) : fileUsage(path);
    });
  return (await Promise.all(sizes)).reduce((sum, bytes) => sum + bytes, 0);
}

async function fileUsage(path) {
  const stats = await lstat(path).catch(() => undefined);
  return (stats?.blocks ?? 0) * 512;
}
