/** A stream that text is written to, and what is known of the terminal behind it. */
export interface TextSink {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Width in characters; 80 where there is no terminal. */
  readonly columns: () => number;
}

export type StopSignal = 'SIGINT' | 'SIGTERM';

/** Everything that a command may touch of its process. main.ts makes the real one, tests a fake one. */
export interface Io {
  /** Results only. */
  readonly stdout: TextSink;
  /** Progress, advice and errors. */
  readonly stderr: TextSink;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Absolute directory that relative paths on the command line start from. */
  readonly workingDirectory: string;
  /** Calls `listener` at each such signal until the returned function is called. Without listeners a signal ends the process. */
  onSignal(signal: StopSignal, listener: () => void): () => void;
  /** Ends the process at once: for a second Ctrl-C, when an orderly end takes too long. */
  exitNow(exitCode: number): void;
}
