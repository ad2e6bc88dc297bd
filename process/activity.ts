import { readdirSync, readFileSync } from 'node:fs';

/** What a child and all that it started have done so far, as the kernel counts it (Linux, proc(5)). */
export interface ProcessActivity {
  /** Numbers of the processes: one that came or went is a change too. */
  readonly processes: string;
  /** Bytes that passed through read and write calls: files, pipes, and sockets where the program reads them as files. */
  readonly ioBytes: number;
  readonly cpuMs: number;
}

/** The kernel's USER_HZ, the unit of times in /proc, is 100 on every architecture that Node runs on. */
const MS_PER_TICK = 10;

/**
 * Reads what a process and its descendants have done. Small files that the kernel makes up: it never waits for a disk.
 *
 * @returns undefined where it cannot be told: no /proc, the process is gone, or it is another user's.
 */
export function readActivity(pid: number): ProcessActivity | undefined {
  try {
    const pids = withDescendants(pid);
    const each = pids.map((member) => (member === pid ? readOne(member) : readOneOrNothing(member)));
    return {
      processes: pids.join(' '),
      ioBytes: each.reduce((sum, { ioBytes }) => sum + ioBytes, 0),
      cpuMs: each.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    };
  } catch {
    return undefined;
  }
}

/** A child of any thread counts: programs in Go start theirs from whichever is free. */
function withDescendants(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    const list = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim();
    return list === '' ? [] : list.split(' ').map(Number);
  });
  return [pid, ...children.flatMap((child) => orNothing(() => withDescendants(child), []))];
}

function readOneOrNothing(pid: number): Pick<ProcessActivity, 'ioBytes' | 'cpuMs'> {
  return orNothing(() => readOne(pid), { ioBytes: 0, cpuMs: 0 });
}

/** One that ended meanwhile, or that changed its user. */
function orNothing<Value>(read: () => Value, nothing: Value): Value {
  try {
    return read();
  } catch {
    return nothing;
  }
}

function readOne(pid: number): Pick<ProcessActivity, 'ioBytes' | 'cpuMs'> {
  const io = readFileSync(`/proc/${pid}/io`, 'utf8');
  const bytes = [...io.matchAll(/^[rw]char: (\d+)$/gm)].map(([, count]) => Number(count));
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name in parentheses, and may hold anything. utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { ioBytes: bytes.reduce((sum, count) => sum + count, 0), cpuMs: ticks * MS_PER_TICK };
}
