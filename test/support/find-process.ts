import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a process whose program has this name and whose arguments hold all parts, and returns its number. Linux. */
export async function findProcess(program: string, ...parts: string[]): Promise<number> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const found = findAll(program, parts)[0];
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`no ${program} with ${parts.join(' and ')} was started within a minute`);
    await sleep(10);
  }
}

/** Numbers of the processes whose program has this name and whose arguments hold all parts. */
export function findAll(program: string, parts: readonly string[]): number[] {
  return readdirSync('/proc').flatMap((name) => {
    const [file = '', ...args] = /^\d+$/.test(name) ? read(`/proc/${name}/cmdline`).split('\0') : [];
    const line = args.join(' ');
    return (file === program || file.endsWith(`/${program}`)) && parts.every((part) => line.includes(part)) ? [Number(name)] : [];
  });
}

/** The most memory that a process ever held, in bytes (VmHWM), and what it holds now. */
export function memoryOf(pid: number): { peak: number; now: number } {
  const status = read(`/proc/${pid}/status`);
  const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]);
  return { peak: kibibytes('VmHWM') * 1024, now: kibibytes('VmRSS') * 1024 };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It ended meanwhile.
    return '';
  }
}
