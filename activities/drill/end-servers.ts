import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const GONE_WITHIN_MS = 5_000;

/**
 * Ends database servers whose data lies below a scratch directory: what a killed worker left, where the kernel did not end it. They
 * are told by `--datadir=` in their own arguments, which no other process has; a number in a pid file may be anybody's by now.
 *
 * Does nothing without /proc (not Linux).
 */
export async function endServersBelow(directory: string): Promise<void> {
  const deadline = performance.now() + GONE_WITHIN_MS;
  for (;;) {
    const pids = await serversBelow(directory);
    if (pids.length === 0 || performance.now() > deadline) return;
    for (const pid of pids) endNow(pid);
    await sleep(50);
  }
}

async function serversBelow(directory: string): Promise<number[]> {
  const names = await readdir('/proc').catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(pids.map(async (pid) => ((await isServerBelow(pid, directory)) ? [Number(pid)] : [])));
  return found.flat();
}

async function isServerBelow(pid: string, directory: string): Promise<boolean> {
  // Empty for a process that has ended and waits to be reaped, or is somebody else's.
  const commandLine = await readFile(join('/proc', pid, 'cmdline'), 'utf8').catch(() => '');
  return commandLine.split('\0').some((argument) => argument.startsWith(`--datadir=${directory}/`));
}

function endNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
