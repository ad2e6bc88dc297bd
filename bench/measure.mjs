import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { diskUsage } from './disk-usage.mjs';
import { readProcesses, sumTree } from './process-tree.mjs';

const SAMPLE_EVERY_MS = 100;

/** Ends with the exit code of the command and tells by descriptor 3 what it and all that it waited for took of the CPU. */
const WRAPPER = '"$@" 3>&-; code=$?; times >&3; exit $code';

/**
 * Runs a command to its end, or to a limit, and measures its whole process tree.
 *
 * Wall seconds by the clock. CPU seconds by the shell's `times` (of the command and everything it waited for), and for programs that
 * were there before (`residents`, ids) by /proc before and after. Peak memory: the sum of the resident sets of all these processes,
 * sampled each 100 ms, so that what they share counts more than once. Disk: what `watched.directory` holds, without its entries
 * `watched.except`, sampled too.
 *
 * @param {string[]} command
 * @param {{ env: NodeJS.ProcessEnv, cwd?: string, residents?: number[], limitMs: number,
 *   watched: { directory: string, except: string[] } }} options
 * @returns {Promise<{ wallS: number, cpuS: number, peakRss: number, diskPeak: number, diskLeft: number, exitCode: number,
 *   isCutOff: boolean, output: string }>}
 */
export async function measure(command, { env, cwd, residents = [], limitMs, watched }) {
  const disk = () => diskUsage(watched.directory, watched.except);
  const before = sumTree(readProcesses(), residents);
  const started = performance.now();
  const child = spawn('bash', ['-c', WRAPPER, 'bash', ...command], {
    env,
    ...(cwd === undefined ? {} : { cwd }),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close');
  const seen = { cpuS: 0, peakRss: 0, diskPeak: 0 };
  const texts = collect(child);
  const limit = { isReached: false };
  const end = () => killGroup(child.pid);
  // A group of its own gets no Ctrl-C.
  process.once('exit', end);
  const timer = setTimeout(() => {
    limit.isReached = true;
    end();
  }, limitMs);
  const sampling = sample(child, residents, seen, disk);
  await closed;
  const wallS = (performance.now() - started) / 1000;
  clearTimeout(timer);
  process.off('exit', end);
  await sampling;
  const after = sumTree(readProcesses(), residents);
  return {
    wallS,
    cpuS: (parseTimes(texts.times) ?? seen.cpuS) + after.cpuS - before.cpuS,
    peakRss: seen.peakRss,
    diskPeak: Math.max(seen.diskPeak, disk()),
    diskLeft: disk(),
    exitCode: child.exitCode ?? -1,
    isCutOff: limit.isReached,
    output: texts.output,
  };
}

/** Seconds of CPU in the second line of what bash's `times` prints: the children's. Undefined when it came to no end. @param {string} text */
export function parseTimes(text) {
  const children = text.trim().split('\n').slice(1).join(' ');
  const parts = [...children.matchAll(/(\d+)m([\d.]+)s/g)];
  if (parts.length === 0) return undefined;
  return parts.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
}

/** @param {number | undefined} pid of the first process of the group */
function killGroup(pid) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // All of it has ended by itself meanwhile.
    if (error.code !== 'ESRCH') throw error;
  }
}

function collect(child) {
  const texts = { output: '', times: '' };
  const keep = (chunk) => {
    texts.output = (texts.output + chunk).slice(-20_000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.stdio[3].on('data', (chunk) => {
    texts.times += chunk;
  });
  return texts;
}

async function sample(child, residents, seen, disk) {
  while (child.exitCode === null && child.signalCode === null) {
    const processes = readProcesses();
    const tree = sumTree(processes, [child.pid]);
    const resident = sumTree(processes, residents);
    seen.cpuS = Math.max(seen.cpuS, tree.cpuS);
    seen.peakRss = Math.max(seen.peakRss, tree.rss + resident.rss);
    seen.diskPeak = Math.max(seen.diskPeak, disk());
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_EVERY_MS));
  }
}
