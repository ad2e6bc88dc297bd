import { readdir, readFile, stat } from 'node:fs/promises';
import { PhaseError } from '../phase-error.ts';

/** A process that has a file open. */
export interface Holder {
  pid: number;
  /** Its command line, at most 80 characters. */
  command: string;
}

/**
 * Finds the processes that have one of these files open, by device and inode (`/proc/<pid>/fd`, proc(5)).
 *
 * Not root, a worker sees its own user's processes alone; in a container, those of the container.
 */
export async function findHolders(paths: readonly string[]): Promise<Holder[]> {
  const wanted = new Set<string>();
  for (const path of paths) {
    const identity = await identityOf(path);
    if (identity !== undefined) wanted.add(identity);
  }
  if (wanted.size === 0) return [];
  const holders: Holder[] = [];
  for (const name of await readdir('/proc')) {
    if (/^\d+$/.test(name) && (await holds(name, wanted))) holders.push({ pid: Number(name), command: await commandOf(name) });
  }
  return holders;
}

async function holds(pid: string, wanted: ReadonlySet<string>): Promise<boolean> {
  const directory = `/proc/${pid}/fd`;
  const descriptors = await readdir(directory).catch(() => []);
  for (const descriptor of descriptors) {
    const identity = await identityOf(`${directory}/${descriptor}`);
    if (identity !== undefined && wanted.has(identity)) return true;
  }
  return false;
}

/** undefined for what is not there (any more) or may not be looked at. */
async function identityOf(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found === undefined ? undefined : `${found.dev}:${found.ino}`;
}

async function commandOf(pid: string): Promise<string> {
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return (
    line
      .replaceAll(/[\0\s]+/g, ' ')
      .trim()
      .slice(0, 80) || 'unknown'
  );
}

/**
 * Fails when a process has the database open: it would go on writing into the file that was moved aside.
 *
 * @throws {PhaseError} SourceUnavailable, never retried: a person has to stop the service
 */
export async function requireUnused(source: string, path: string): Promise<void> {
  const holders = await findHolders(['', '-wal', '-shm', '-journal'].map((suffix) => path + suffix));
  if (holders.length === 0) return;
  const list = holders.slice(0, 10).map(({ pid, command }) => `pid ${pid} (${command})`);
  throw inUse(source, path, `is open in ${list.join(', ')}`);
}

/** The error for a database that somebody uses. */
export function inUse(source: string, path: string, how: string): PhaseError {
  const sight = process.geteuid?.() === 0 ? '' : ' Processes of other users can only be seen by root.';
  return new PhaseError(
    'SourceUnavailable',
    `${source}: ${path} ${how}. Stop the service that uses it, then start the restore again.${sight} Processes in other containers cannot be seen at all.`,
    { isFinal: true },
  );
}
