import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where a child finds its secret: descriptor 3, opened anew at each read. */
export const SECRET_PATH = '/dev/fd/3';

/**
 * Opens a nameless file that holds a secret, to be inherited by one child.
 *
 * It has mode 0600 and is unlinked before anything is written, so nothing is left behind however this process ends. A pipe
 * would not do: Node makes them as sockets, which `/dev/fd` cannot open.
 */
export async function openSecretFile(secret: string): Promise<FileHandle> {
  const file = await openNameless('/dev/shm').catch(() => openNameless(tmpdir()));
  await file.write(secret, 0);
  return file;
}

async function openNameless(directory: string): Promise<FileHandle> {
  const path = join(directory, `.holdfast-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  return file;
}
