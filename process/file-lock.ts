import { closeSync, openSync } from 'node:fs';
import { execa, type Options } from 'execa';
import { baseEnvironment, findProgram } from './environment.ts';
import { ProgramMissing } from './errors.ts';

/** `unsupported`: there is no flock(1) here, or the file system knows no locks, so nothing can be said. */
export type LockState = 'locked' | 'held' | 'unsupported';

/** Descriptors of the files that this process has locked. Never closed: the kernel does that, however the process ends. */
const locked = new Map<string, number>();

/** Exit code of `flock --nonblock` when somebody else has the lock (util-linux 2.38 and BusyBox 1.36). */
const HELD_EXIT_CODE = 1;

/**
 * Locks a file for the rest of this process's life, or says that another process has it: also one in another container, of which
 * nothing else can be seen.
 *
 * flock(1) locks our own descriptor, which it inherits as number 3, and ends: the lock belongs to the open file (flock(2)), so it
 * stays with us and is gone the moment we are. No child keeps it alive, since Node opens files to be closed in children.
 */
export async function lockFile(path: string, environment: Readonly<Record<string, string | undefined>>): Promise<LockState> {
  if (locked.has(path)) return 'locked';
  const base = baseEnvironment(environment);
  const program = await findFlock(base['PATH'] ?? '/usr/bin:/bin');
  if (program === undefined) return 'unsupported';
  const descriptor = openSync(path, 'a', 0o600);
  const { exitCode, stderr } = await execa(program, ['-n', '3'], {
    // A descriptor number beyond 2 works (execa 9.6), but is missing in its types.
    stdio: ['ignore', 'ignore', 'pipe', descriptor] as unknown as NonNullable<Options['stdio']>,
    env: base,
    extendEnv: false,
    reject: false,
  });
  if (exitCode === 0) {
    locked.set(path, descriptor);
    return 'locked';
  }
  closeSync(descriptor);
  return exitCode === HELD_EXIT_CODE && stderr === '' ? 'held' : 'unsupported';
}

async function findFlock(path: string): Promise<string | undefined> {
  try {
    return await findProgram('flock', path);
  } catch (error) {
    if (error instanceof ProgramMissing) return undefined;
    throw error;
  }
}
