/**
 * The one place that starts a program: execa, no shell, an environment of its own, a deadline, cancellation, capped output.
 *
 * What must never be here: knowledge of any particular program, or of Temporal.
 */
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createSpawner, DEFAULT_KILL_AFTER_MS, finish, type Supervised, superviseProgress } from './child.ts';
import { baseEnvironment, findProgram } from './environment.ts';
import { ProgramKilled } from './errors.ts';
import { collect, readLines } from './output.ts';
import type { Priority } from './priority.ts';
import type { ProgramRequest, ProgramResult, StartRequest } from './request.ts';
import { type FileOutputRequest, type FileOutputResult, runIntoFile } from './run-into-file.ts';

export type { ProgramRequest, ProgramResult, StartRequest } from './request.ts';
export { SECRET_PATH } from './secret-file.ts';

/** A child that is talked to while it runs. */
export interface RunningProgram {
  write(text: string): void;
  /** Lines of standard output without their newline. To be read by one reader. */
  lines: AsyncIterator<string>;
  /**
   * Waits for something that the child is to do, such as its next line. Does it nothing for too long, it is ended: its lines end
   * then, and `stop` throws {ProgramStalled}. While nobody waits it may be idle for any time.
   */
  whileItWorks<Result>(wait: () => Promise<Result>): Promise<Result>;
  /** Its end, however that came; rejects with the reason of the signal. */
  ended: Promise<ProgramResult>;
  /** Closes standard input and waits for the end; SIGKILL after `killAfterMs`. */
  stop(): Promise<ProgramResult>;
}

/** By default a child is given up that did nothing for so long. */
export const DEFAULT_NO_PROGRESS_MS = 15 * 60_000;

export interface Programs {
  /** A child that does nothing for so long is ended. */
  readonly noProgressMs: number;
  /**
   * Runs a program to its end. A non-zero exit code is a result, not an error: only the caller knows what it means.
   *
   * @throws {ProgramMissing} when it is not on the PATH.
   * @throws {ProgramTimeout} when `timeoutMs` passed.
   * @throws {ProgramStalled} when it made no progress for {@link Programs.noProgressMs}.
   * @throws {ProgramKilled} when somebody else ended it.
   * @throws the reason of `signal`, once the child is gone.
   */
  run(request: ProgramRequest): Promise<ProgramResult>;
  /** Starts a program and returns while it runs. @throws {ProgramMissing} */
  start(request: StartRequest): Promise<RunningProgram>;
  /**
   * Runs a program to its end that may leave another one running.
   *
   * @throws {ProgramMissing} {ProgramTimeout} the reason of `signal`, once the child is gone.
   */
  runIntoFile(request: FileOutputRequest): Promise<FileOutputResult>;
  /** @throws {ProgramMissing} */
  find(program: string): Promise<string>;
}

/** Gives a child its input. An input that broke off must not look like one that ended: the child is ended then. */
async function feed(
  child: { stdin: Writable; kill(): boolean },
  input: string | Uint8Array | AsyncIterable<Uint8Array>,
): Promise<{ error: unknown } | undefined> {
  if (typeof input === 'string' || input instanceof Uint8Array) {
    child.stdin.end(input);
    return undefined;
  }
  try {
    await pipeline(input, child.stdin);
    return undefined;
  } catch (error) {
    // The child ended without reading it all; its exit code tells why.
    if (['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    child.kill();
    return { error };
  }
}

/** Creates the runner. `environment` is this process's own; only an allow-list of it reaches a child. */
export function createPrograms(
  environment: Readonly<Record<string, string | undefined>>,
  { noProgressMs = DEFAULT_NO_PROGRESS_MS, priority }: { noProgressMs?: number; priority?: Priority | undefined } = {},
): Programs {
  const base = baseEnvironment(environment);
  const find = (program: string) => findProgram(program, base['PATH'] ?? '/usr/local/bin:/usr/bin:/bin');
  const launch = { base, priority, find };
  const spawn = createSpawner(launch);

  async function run(request: ProgramRequest): Promise<ProgramResult> {
    request.signal?.throwIfAborted();
    const supervised: Supervised = await spawn(request);
    const { child } = supervised;
    const fed = feed(child, request.input ?? '');
    const captured: Uint8Array[] = [];
    const consume = request.consume ?? ((stdout) => collect(stdout, captured));
    const consumed = consume(child.stdout).then(
      () => undefined,
      (error: unknown) => {
        child.kill();
        // Unread output would keep the child, and with it this call, waiting for ever.
        child.stdout.resume();
        return { error };
      },
    );
    const sign = request.progress ?? (request.timeoutMs === undefined ? 'activity' : 'none');
    const unwatch = sign === 'none' ? () => undefined : superviseProgress(supervised, request, noProgressMs, sign);
    const result = await finish(supervised, request).finally(unwatch);
    const failure = (await fed) ?? (await consumed);
    if (failure !== undefined) throw failure.error;
    if (result.signal !== undefined) throw new ProgramKilled(request.program, result.signal);
    return { ...result, stdout: Buffer.concat(captured).toString('utf8') };
  }

  async function start(request: StartRequest): Promise<RunningProgram> {
    request.signal?.throwIfAborted();
    const supervised: Supervised = await spawn(request);
    const { child } = supervised;
    const ended = finish(supervised, request);
    // Whoever calls stop() sees the failure; nobody else may be waiting yet.
    ended.catch(() => undefined);
    return {
      write: (text) => void child.stdin.write(text),
      lines: readLines(child.stdout),
      whileItWorks: async (wait) => {
        const unwatch = superviseProgress(supervised, request, noProgressMs);
        return wait().finally(unwatch);
      },
      ended,
      stop: async () => {
        child.stdin.end();
        child.stdout.resume();
        const timer = setTimeout(() => child.kill('SIGKILL'), request.killAfterMs ?? DEFAULT_KILL_AFTER_MS);
        return ended.finally(() => clearTimeout(timer));
      },
    };
  }

  return { noProgressMs, find, run, start, runIntoFile: (request) => runIntoFile(request, launch) };
}
