import { type FileHandle, open } from 'node:fs/promises';
import { execa, type Options } from 'execa';
import { DEFAULT_KILL_AFTER_MS, type Launch, wrap } from './child.ts';
import { ProgramTimeout } from './errors.ts';
import { OutputTail } from './output-tail.ts';

/** A program that may leave another one running, such as one that starts a service. */
export interface FileOutputRequest {
  /** Name looked up on the PATH, or an absolute path. */
  program: string;
  args: readonly string[];
  /** Added to the base environment. */
  env?: Readonly<Record<string, string>>;
  /** Takes standard output and standard error, at its end. Made with mode 0600 when it is missing. */
  outputFile: string;
  /** Ends the child: SIGTERM, and SIGKILL a little later. The call then throws the signal's reason. */
  signal?: AbortSignal;
  timeoutMs: number;
}

export interface FileOutputResult {
  /** undefined when a signal ended it. */
  exitCode: number | undefined;
  /** End of what it printed. Not redacted. */
  output: string;
}

/** What of the output is looked at. */
const TAIL_BYTES = 4_096;

/**
 * Runs a program whose output goes to a file and not to a pipe: a service that it starts inherits the output, and a pipe would
 * make this process wait for that service, and end the service with this process (SIGPIPE).
 *
 * @throws {ProgramMissing} {ProgramTimeout} the reason of `signal`, once the child is gone.
 */
export async function runIntoFile(request: FileOutputRequest, launch: Launch): Promise<FileOutputResult> {
  request.signal?.throwIfAborted();
  const { file, args } = await wrap(request, launch);
  const output = await open(request.outputFile, 'a+', 0o600);
  try {
    const { size } = await output.stat();
    const end = await execa(file, args, {
      // A descriptor number works for output as well (execa 9.6), but is missing in its types.
      stdio: ['ignore', output.fd, output.fd] as unknown as NonNullable<Options['stdio']>,
      env: { ...launch.base, ...request.env },
      extendEnv: false,
      forceKillAfterDelay: DEFAULT_KILL_AFTER_MS,
      // As all children: signals of a terminal are for the worker to act on.
      detached: true,
      cleanup: false,
      reject: false,
      buffer: false,
      timeout: request.timeoutMs,
      ...(request.signal === undefined ? {} : { cancelSignal: request.signal }),
    });
    if (request.signal?.aborted === true) throw request.signal.reason;
    if (end.timedOut) throw new ProgramTimeout(request.program, request.timeoutMs);
    if (end.exitCode === undefined && end.signal === undefined) throw end.cause;
    return { exitCode: end.exitCode, output: await readTail(output, size) };
  } finally {
    await output.close();
  }
}

/** The end of what was written since `from`. */
async function readTail(file: FileHandle, from: number): Promise<string> {
  const { size } = await file.stat();
  const start = Math.max(Math.min(from, size), size - TAIL_BYTES);
  const bytes = Buffer.alloc(size - start);
  await file.read(bytes, 0, bytes.length, start);
  const tail = new OutputTail();
  tail.append(bytes.toString('utf8'));
  return tail.toString().trim();
}
