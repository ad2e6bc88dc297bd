import { chmod, readdir, rm } from 'node:fs/promises';
import { type BytePath, bytePath, joinPath, toBuffer } from './byte-path.ts';

/**
 * Removes a directory and everything in it, or does nothing where there is none.
 *
 * A staged directory has the mode of its original. Where that is 0555, a worker that is not root may list it but not empty it.
 */
export async function removeTree(directory: string): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true });
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['EACCES', 'EPERM', 'ENOTEMPTY'].includes(code)) throw error;
    await makeRemovable(bytePath(directory));
    await rm(directory, { recursive: true, force: true });
  }
}

async function makeRemovable(directory: BytePath): Promise<void> {
  await chmod(toBuffer(directory), 0o700);
  for (const entry of await readdir(toBuffer(directory), { withFileTypes: true, encoding: 'buffer' })) {
    if (entry.isDirectory()) await makeRemovable(joinPath(directory, bytePath(entry.name)));
  }
}
