import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { lockFile } from '../process/file-lock.ts';
import { identifyProcess, type ProcessIdentity, stateOfProcess } from '../process/identity.ts';
import { StartError } from './start-error.ts';

/** Who has a state directory, as it wrote it down there itself. */
interface Holder extends ProcessIdentity {
  /** Absent in notes of an earlier release. */
  machine?: string;
  /** ISO 8601 in UTC. */
  startedAt?: string;
  /** Present once it was told to stop: it will be gone soon. */
  drainingSince?: string;
}

interface TakeOptions {
  environment: Readonly<Record<string, string | undefined>>;
  log: (line: string) => void;
  /** How long one that is on its way out is waited for. Default 60 s: a drain takes 45 s at most. */
  patienceMs?: number;
}

const DEFAULT_PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 250;

/**
 * Takes the state directory for this process: claims, locks and the embedded server's database in it are one worker's.
 *
 * A lock of the operating system keeps others out, in whichever container they are, and is gone with this process. Where there are
 * no such locks, it goes by the number of the process that is noted there, which says nothing of one in another container.
 * One that drains is waited for; taking it again is fine.
 *
 * @throws {StartError} naming the process that has it
 */
export async function takeStateDirectory(stateDirectory: string, options: TakeOptions): Promise<void> {
  await mkdir(stateDirectory, { recursive: true, mode: 0o700 });
  const giveUpAt = Date.now() + (options.patienceMs ?? DEFAULT_PATIENCE_MS);
  let isAnnounced = false;
  for (;;) {
    const holder = await tryToTake(stateDirectory, options.environment);
    if (holder === undefined) return;
    if (holder === 'unknown' || holder.drainingSince === undefined || Date.now() > giveUpAt) throw held(stateDirectory, holder);
    if (!isAnnounced) options.log(`waiting for ${describe(holder)}, which is draining`);
    isAnnounced = true;
    await delay(LOOK_EVERY_MS);
  }
}

/** Notes that this process is on its way out: whoever is started in its place waits for its end instead of giving up. */
export async function announceDrain(stateDirectory: string): Promise<void> {
  const draft = draftPath(stateDirectory);
  await writeFile(draft, JSON.stringify(noteOf({ drainingSince: new Date().toISOString() })), { mode: 0o600 });
  await rename(draft, notePath(stateDirectory));
}

/** Undefined once it is taken, else who has it. */
async function tryToTake(
  stateDirectory: string,
  environment: TakeOptions['environment'],
): Promise<Holder | 'unknown' | undefined> {
  const lock = await lockFile(join(stateDirectory, 'worker.lock'), environment);
  if (lock === 'held') return (await readHolder(stateDirectory)) ?? 'unknown';
  const draft = draftPath(stateDirectory);
  await writeFile(draft, JSON.stringify(noteOf()), { mode: 0o600 });
  try {
    return await linkUnlessHeld(stateDirectory, draft);
  } finally {
    await rm(draft, { force: true });
  }
}

/** Of use even with the lock: a release before it, or one that found no flock, has nothing but its note. */
async function linkUnlessHeld(stateDirectory: string, draft: string): Promise<Holder | 'unknown' | undefined> {
  const file = notePath(stateDirectory);
  const holder = await readHolder(stateDirectory);
  if (holder?.pid === process.pid && stateOfProcess(holder) === 'alive') return undefined;
  if (holder !== undefined && stateOfProcess(holder) === 'alive') return holder;
  await rm(file, { force: true });
  try {
    await link(draft, file);
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return (await readHolder(stateDirectory)) ?? 'unknown';
  }
}

function noteOf(more: Pick<Holder, 'drainingSince'> = {}): Holder {
  const startedAt = new Date(Date.now() - performance.now()).toISOString();
  return { ...identifyProcess(process.pid), machine: hostname(), startedAt, ...more };
}

function held(stateDirectory: string, holder: Holder | 'unknown'): StartError {
  return new StartError(
    `${holder === 'unknown' ? 'another `holdfast up` or `holdfast worker`' : describe(holder)} works with the state_directory ${stateDirectory}. ` +
      'Stop it first, or give this one a configuration with directories of its own.',
  );
}

function describe({ pid, machine, startedAt }: Holder): string {
  const where = machine === undefined ? '' : ` on ${machine}`;
  const since = startedAt === undefined ? '' : `, since ${startedAt}`;
  return `another \`holdfast up\` or \`holdfast worker\` (pid ${pid}${where}${since})`;
}

async function readHolder(stateDirectory: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(notePath(stateDirectory), 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

function notePath(stateDirectory: string): string {
  return join(stateDirectory, 'worker.json');
}

function draftPath(stateDirectory: string): string {
  return `${notePath(stateDirectory)}.${process.pid}`;
}
