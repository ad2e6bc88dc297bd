/**
 * What shows that a child gets on, for the watch that ends one which hangs.
 *
 * `activity`: whatever it reads, writes, prints or computes. `activity-beyond-output`: the same without its output, for programs
 * that print their status by the clock. `none`: it is not watched, as it may rightly wait for others for any time.
 */
export type ProgressSign = 'activity' | 'activity-beyond-output' | 'none';

export interface ProgramRequest {
  /** Name looked up on the PATH, or an absolute path. */
  program: string;
  args: readonly string[];
  cwd?: string;
  /** Added to the base environment. May hold secrets; nothing of it is ever printed. */
  env?: Readonly<Record<string, string>>;
  /** Standard input; without it the child reads end-of-file at once. When a stream throws, the child is ended and `run` throws the same. */
  input?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Offered to the child as the file {@link SECRET_PATH}: a password that is to stand neither in argv nor in an environment. */
  secretInput?: string;
  /** Ends the child: SIGTERM, and SIGKILL after `killAfterMs` to all that it started as well. `run` then throws the signal's reason. */
  signal?: AbortSignal;
  timeoutMs?: number;
  /** Default `activity`, and `none` for a call with `timeoutMs`. Ignored by `start`, where a wait is watched when it is asked for. */
  progress?: ProgressSign;
  /** It runs as this process does, whatever priority is set for children: others wait for it. */
  keepsPriority?: boolean;
  /** What it works on, for messages: `repository main`, `/data/tracker.db`. */
  subject?: string;
  /** Default 1 500. */
  killAfterMs?: number;
  /** Told the number of the child as soon as it is there. Must neither wait nor throw. */
  onStart?: (pid: number) => void;
  /** Signal that the kernel sends to the child when this process dies. Default KILL. */
  deathSignal?: 'KILL' | 'TERM';
  /** Takes standard output as it comes; it is not captured then. When it throws, the child is ended and `run` throws the same. */
  consume?: (stdout: AsyncIterable<Uint8Array>) => Promise<void>;
}

/** As {@link ProgramRequest}, for a child that is talked to while it runs. */
export type StartRequest = Omit<ProgramRequest, 'consume' | 'input' | 'progress'>;

export interface ProgramResult {
  /** 128 + n after a signal, as a shell has it. */
  exitCode: number;
  /** What ended it, when that was a signal: `SIGKILL`. */
  signal?: string;
  /** Captured standard output, at most 64 MiB; empty with `consume`. */
  stdout: string;
  /** End of the error output. Not redacted. */
  stderr: string;
  durationMs: number;
}
