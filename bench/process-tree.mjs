import { readdir, readFile } from 'node:fs/promises';

/** What Linux has had since 2.4 on every architecture: USER_HZ of proc(5). */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/**
 * CPU seconds (with those of children that have ended and were waited for) and bytes of resident memory of processes and all that descend from them.
 *
 * @param {number[]} roots process ids
 * @returns {Promise<{ cpuS: number, rss: number }>}
 */
export async function readTree(roots) {
  const sum = { cpuS: 0, rss: 0 };
  if (roots.length === 0) return sum;
  const processes = await readProcesses();
  const waiting = [...roots];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    const one = processes.get(pid);
    if (one === undefined) continue;
    sum.cpuS += one.ticks / TICKS_PER_SECOND;
    sum.rss += one.rss;
    for (const [child, { parent }] of processes) if (parent === pid) waiting.push(child);
  }
  return sum;
}

async function readProcesses() {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const entries = await Promise.all(names.map(async (name) => [Number(name), await readProcess(name)]));
  return new Map(entries.filter(([, one]) => one !== undefined));
}

async function readProcess(name) {
  // A process may end between the listing and the reading.
  const text = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
  return text === '' ? undefined : parseStat(text);
}

/** Reads one line of /proc/PID/stat, proc(5); the name in parentheses may hold anything. @param {string} text */
export function parseStat(text) {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const number = (index) => Number(fields[index]);
  return { parent: number(1), ticks: number(11) + number(12) + number(13) + number(14), rss: number(21) * PAGE_BYTES };
}
