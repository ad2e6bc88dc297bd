import { open } from 'node:fs/promises';
import { type HashOptions, type HashResult, hashFile } from '../../stage/copy-file.ts';

/** Brings a file that another program wrote to the disk, then hashes it. @throws the signal's reason, or the system error. */
export async function hashSynced(path: string, options: HashOptions): Promise<HashResult> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  return hashFile(path, options);
}
