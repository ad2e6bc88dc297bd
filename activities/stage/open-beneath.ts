import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, readlink } from 'node:fs/promises';
import { type BytePath, bytePath, joinPath, toBuffer } from './byte-path.ts';
import { PathMoved } from './source-problems.ts';

/** `special`: socket, FIFO or device. */
export type EntryKind = 'file' | 'directory' | 'symlink' | 'special';

/** O_NONBLOCK: a FIFO that took the file's place must not hold us up. It changes nothing for regular files. */
const FILE_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
const DIRECTORY_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_DIRECTORY;

/**
 * Opens a file below `root` for reading, and never one that a symbolic link put in its place or in that of a directory above
 * it. `root` is a real path, `path` is relative to it.
 *
 * Node has no openat2(RESOLVE_BENEATH), so the kernel is asked where the descriptor ended up (`/proc/self/fd`, proc(5)).
 *
 * @throws {PathMoved}, or the system error (ELOOP for a symbolic link in the file's own place)
 */
export async function openFileBeneath(root: BytePath, path: BytePath): Promise<FileHandle> {
  return openBeneath(root, path, FILE_FLAGS);
}

async function openBeneath(root: BytePath, path: BytePath, flags: number): Promise<FileHandle> {
  const expected = joinPath(root, path);
  const handle = await open(toBuffer(expected), flags);
  try {
    const actual = await pathOfDescriptor(handle);
    if (actual !== undefined && actual !== expected) throw new PathMoved(`${actual} was opened instead of ${expected}`);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Lists a directory below `root`, under the same guarantee as {@link openFileBeneath}. */
export async function listBeneath(root: BytePath, path: BytePath): Promise<{ name: BytePath; kind: EntryKind }[]> {
  const handle = await openBeneath(root, path, DIRECTORY_FLAGS);
  try {
    const isProven = (await pathOfDescriptor(handle)) !== undefined;
    const place = isProven ? Buffer.from(`/proc/self/fd/${handle.fd}`) : toBuffer(joinPath(root, path));
    const found = await readdir(place, { withFileTypes: true, encoding: 'buffer' });
    return found.map((entry) => ({ name: bytePath(entry.name), kind: kindOf(entry) }));
  } finally {
    await handle.close();
  }
}

/** Kind of what lies at a path, without following it; undefined when nothing is there. @throws the system error */
export async function kindBeneath(root: BytePath, path: BytePath): Promise<EntryKind | undefined> {
  try {
    return kindOf(await lstat(toBuffer(joinPath(root, path))));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

export function kindOf(entry: { isFile(): boolean; isDirectory(): boolean; isSymbolicLink(): boolean }): EntryKind {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  return entry.isSymbolicLink() ? 'symlink' : 'special';
}

/** undefined where there is no /proc (not Linux): then only O_NOFOLLOW protects. */
async function pathOfDescriptor(handle: FileHandle): Promise<BytePath | undefined> {
  try {
    return bytePath(await readlink(`/proc/self/fd/${handle.fd}`, { encoding: 'buffer' }));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
