import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identifyProcess, type ProcessIdentity, stateOfProcess } from '../process/identity.ts';
import { StartError } from './start-error.ts';

/**
 * Takes the state directory for this process: claims, locks and the embedded server's database in it are one worker's.
 *
 * Taking it again is fine. Nothing has to be given back: a process that is gone holds nothing. One in another container cannot
 * be looked at and does not count, since a container that was made anew would otherwise find itself locked out.
 *
 * @throws {StartError} naming the process that has it
 */
export async function takeStateDirectory(stateDirectory: string): Promise<void> {
  await mkdir(stateDirectory, { recursive: true, mode: 0o700 });
  const file = join(stateDirectory, 'worker.json');
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, JSON.stringify(identifyProcess(process.pid)), { mode: 0o600 });
  try {
    await linkUnlessHeld(draft, file, stateDirectory);
  } finally {
    await rm(draft, { force: true });
  }
}

async function linkUnlessHeld(draft: string, file: string, stateDirectory: string): Promise<void> {
  const holder = await readHolder(file);
  if (holder?.pid === process.pid && stateOfProcess(holder) === 'alive') return;
  if (holder !== undefined && stateOfProcess(holder) === 'alive') throw held(stateDirectory, holder.pid);
  await rm(file, { force: true });
  try {
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw held(stateDirectory, (await readHolder(file))?.pid);
  }
}

function held(stateDirectory: string, pid: number | undefined): StartError {
  return new StartError(
    `another \`holdfast up\` or \`holdfast worker\` (pid ${pid ?? 'unknown'}) works with the state_directory ${stateDirectory}. ` +
      'Stop it first, or give this one a configuration with directories of its own.',
  );
}

async function readHolder(file: string): Promise<ProcessIdentity | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
