import { readFileSync, readlinkSync } from 'node:fs';

/** What tells a process from another one that later gets the same number (Linux, proc(5)); fields are null elsewhere. */
export interface ProcessIdentity {
  pid: number;
  /** Start of the process in clock ticks since boot: field 22 of /proc/PID/stat. */
  startTicks: string | null;
  bootId: string | null;
  /** The numbers of another namespace, as of another container, say nothing here. */
  pidNamespace: string | null;
}

/** `unknown`: it runs or ran in another namespace of this machine, where nobody here can look. */
export type ProcessState = 'alive' | 'gone' | 'unknown';

/** Notes who a process is. Reads three small files, without waiting: a worker that dies a moment later has noted it. */
export function identifyProcess(pid: number): ProcessIdentity {
  return { pid, startTicks: readStartTicks(pid), bootId: readBootId(), pidNamespace: readPidNamespace() };
}

/** Says whether exactly this process still runs. A zombie counts as alive until its parent takes notice. */
export function stateOfProcess(identity: ProcessIdentity): ProcessState {
  const bootId = readBootId();
  if (identity.bootId !== null && bootId !== null && identity.bootId !== bootId) return 'gone';
  if (identity.pidNamespace !== readPidNamespace()) return 'unknown';
  if (!isPidInUse(identity.pid)) return 'gone';
  return readStartTicks(identity.pid) === identity.startTicks ? 'alive' : 'gone';
}

/** Whether any process of this namespace has the number now. */
export function isPidInUse(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function readStartTicks(pid: number): string | null {
  const stat = orNull(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The second field is the program's name in parentheses, and may hold anything.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

function readBootId(): string | null {
  return orNull(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
}

function readPidNamespace(): string | null {
  return orNull(() => readlinkSync('/proc/self/ns/pid'));
}

function orNull(read: () => string): string | null {
  try {
    return read();
  } catch {
    return null;
  }
}
