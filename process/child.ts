import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { execa, type Options } from 'execa';
import { ProgramMissing, ProgramStalled, ProgramTimeout } from './errors.ts';
import { OutputTail } from './output-tail.ts';
import { type Priority, priorityPrefix } from './priority.ts';
import type { ProgramRequest, ProgramResult } from './request.ts';
import { openSecretFile } from './secret-file.ts';
import { watchProgress } from './watchdog.ts';

/** With the second that a cancel takes to get here: every child is gone within 3 s. restic needs 0.3 to 0.8 s to give its lock back. */
export const DEFAULT_KILL_AFTER_MS = 1_500;

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGPIPE: 13, SIGTERM: 15 };

/** What is used of execa's subprocess; its own type depends on every option. */
export interface Child extends PromiseLike<ChildEnd> {
  /** undefined when it could not be started. */
  readonly pid?: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  kill(signal?: NodeJS.Signals): boolean;
}

interface ChildEnd {
  readonly exitCode?: number;
  readonly signal?: string;
  readonly timedOut: boolean;
  readonly cause?: unknown;
}

/** A subprocess is a promise of its own end, so it travels inside an object: an async function would wait for it. */
type Spawn = (request: ProgramRequest) => Promise<{ child: Child }>;

/** What all children share. */
export interface Launch {
  /** Their environment. */
  readonly base: Readonly<Record<string, string>>;
  readonly priority: Priority | undefined;
  /** @throws {ProgramMissing} */
  readonly find: (program: string) => Promise<string>;
}

/** Creates the function that starts children. */
export function createSpawner(launch: Launch): Spawn {
  return async (request) => {
    const { base } = launch;
    const { file, args } = await wrap(request, launch);
    const secret = request.secretInput === undefined ? undefined : await openSecretFile(request.secretInput);
    const child = execa(file, args, {
      // A descriptor number beyond 2 works (execa 9.6), but is missing in its types.
      stdio: ['pipe', 'pipe', 'pipe', ...(secret === undefined ? [] : [secret.fd])] as unknown as NonNullable<Options['stdio']>,
      env: { ...base, ...request.env },
      extendEnv: false,
      forceKillAfterDelay: request.killAfterMs ?? DEFAULT_KILL_AFTER_MS,
      // A session of its own: Ctrl-C in a terminal is for the worker to act on, and must not reach its children behind its back.
      detached: true,
      // With execa's own clean-up a SIGTERM would end the worker at once, without its drain.
      cleanup: false,
      reject: false,
      buffer: false,
      ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
      ...(request.signal === undefined ? {} : { cancelSignal: request.signal }),
      ...(request.timeoutMs === undefined ? {} : { timeout: request.timeoutMs }),
    }) as unknown as Child;
    if (child.pid !== undefined) request.onStart?.(child.pid);
    endGroupOf(child, request);
    // A child that ends without reading its input closes the pipe; its exit code tells why.
    child.stdin.on('error', () => undefined);
    // Not awaited: a short child may have printed everything by then, and nobody would have been listening.
    void secret?.close();
    return { child };
  };
}

/** The command line of a child, with all that goes ahead of the program itself. @throws {ProgramMissing} */
export async function wrap(
  request: Pick<ProgramRequest, 'program' | 'args' | 'deathSignal' | 'keepsPriority'>,
  { find, priority }: Pick<Launch, 'find' | 'priority'>,
): Promise<{ file: string; args: string[] }> {
  const { file, args } = await withDeathSignal(request, find);
  if (priority === undefined || request.keepsPriority === true) return { file, args };
  const [first = file, ...rest] = [...(await priorityPrefix(priority, find)), file, ...args];
  return { file: first, args: rest };
}

/**
 * Lets the kernel end the child when this process dies, so that no orphan goes on writing beside the retry (util-linux
 * `setpriv --pdeathsig`; the signal follows the spawning thread, hence never call this from a worker thread).
 */
async function withDeathSignal(
  request: Pick<ProgramRequest, 'program' | 'args' | 'deathSignal'>,
  find: (program: string) => Promise<string>,
): Promise<{ file: string; args: string[] }> {
  const file = await find(request.program);
  try {
    const setpriv = await find('setpriv');
    return { file: setpriv, args: ['--pdeathsig', request.deathSignal ?? 'KILL', '--', file, ...request.args] };
  } catch (error) {
    // Not Linux: the child then outlives a killed worker.
    if (error instanceof ProgramMissing) return { file, args: [...request.args] };
    throw error;
  }
}

/** A child, and for how long it had done nothing when it was ended for that. */
export interface Supervised {
  readonly child: Child;
  stalledMs?: number;
}

/**
 * Ends the child when it makes no progress for `limitMs`: SIGTERM, and a moment later SIGKILL to all that it started, since a
 * process that was stopped heeds nothing else. Returns the function that ends the watch.
 */
export function superviseProgress(
  supervised: Supervised,
  request: ProgramRequest,
  limitMs: number,
  sign: 'activity' | 'activity-beyond-output' = 'activity',
): () => void {
  const { child } = supervised;
  const { pid } = child;
  if (pid === undefined) return () => undefined;
  return watchProgress({
    pid,
    limitMs,
    sign,
    // Node's pipes are sockets, which count what was read of them.
    printedBytes: () => [child.stdout, child.stderr].reduce((sum, stream) => sum + (stream as Socket).bytesRead, 0),
    onStalled: () => {
      supervised.stalledMs = limitMs;
      child.kill('SIGTERM');
      killGroupIn(child, pid, Math.min(request.killAfterMs ?? DEFAULT_KILL_AFTER_MS, DEFAULT_KILL_AFTER_MS));
    },
  });
}

/**
 * Ends what a child has started with it, when it is cancelled or out of time: a script dies at once, and what it had at work
 * would go on, and keep open the pipes whose end is waited for.
 */
function endGroupOf(child: Child, { signal, timeoutMs, killAfterMs = DEFAULT_KILL_AFTER_MS }: ProgramRequest): void {
  const { pid } = child;
  if (pid === undefined) return;
  if (timeoutMs !== undefined) killGroupIn(child, pid, timeoutMs + killAfterMs);
  const cancel = () => killGroupIn(child, pid, killAfterMs);
  signal?.addEventListener('abort', cancel, { once: true });
  const ended = () => signal?.removeEventListener('abort', cancel);
  child.then(ended, ended);
}

/** Does nothing if the child has ended by then, with all that holds its pipes. */
function killGroupIn(child: Child, pid: number, delayMs: number): void {
  const force = setTimeout(() => killGroup(pid), delayMs);
  const ended = () => clearTimeout(force);
  child.then(ended, ended);
}

/** Each child leads a process group, of which its own children are. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of them are gone.
  }
}

/** Waits for the end of a child. @throws {ProgramTimeout}, {ProgramStalled}, or the reason of the request's signal. */
export async function finish(supervised: Supervised, request: ProgramRequest): Promise<ProgramResult> {
  const { child } = supervised;
  const startedAt = performance.now();
  const tail = new OutputTail();
  child.stderr.on('data', (chunk: Buffer) => tail.append(chunk.toString('utf8')));
  const end = await child;
  if (request.signal?.aborted === true) throw request.signal.reason;
  if (supervised.stalledMs !== undefined) throw new ProgramStalled(request, supervised.stalledMs, tail.toString());
  if (end.timedOut) throw new ProgramTimeout(request.program, request.timeoutMs ?? 0, tail.toString());
  if (end.exitCode === undefined && end.signal === undefined) throw end.cause;
  return {
    exitCode: end.exitCode ?? 128 + (SIGNAL_NUMBERS[end.signal ?? ''] ?? 0),
    ...(end.signal === undefined ? {} : { signal: end.signal }),
    stdout: '',
    stderr: tail.toString(),
    durationMs: Math.round(performance.now() - startedAt),
  };
}
