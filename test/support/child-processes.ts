import { readdir, readFile } from 'node:fs/promises';

/** Process ids of this process's children that still run, sorted. A child that ended but was not yet reaped does not count. */
export async function childProcesses(): Promise<number[]> {
  const children: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const status = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    // `pid (name) state parent …`; the name may hold spaces and parentheses (man 5 proc).
    const [state, parent] = status.slice(status.lastIndexOf(')') + 2).split(' ');
    if (Number(parent) === process.pid && state !== 'Z') children.push(Number(name));
  }
  return children.sort((a, b) => a - b);
}
