import { readdirSync, readFileSync } from 'node:fs';

/** Process ids of this process's children that still run, sorted. A child that ended but was not yet reaped does not count. */
export function childProcesses(): number[] {
  const children: number[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const status = readStatus(name);
    // `pid (name) state parent …`; the name may hold spaces and parentheses (man 5 proc).
    const [state, parent] = status.slice(status.lastIndexOf(')') + 2).split(' ');
    if (Number(parent) === process.pid && state !== 'Z') children.push(Number(name));
  }
  return children.sort((a, b) => a - b);
}

function readStatus(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // It ended meanwhile.
    return '';
  }
}
