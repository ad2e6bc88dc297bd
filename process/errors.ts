/** A program is not on the PATH. */
export class ProgramMissing extends Error {
  override readonly name = 'ProgramMissing';
  readonly program: string;

  constructor(program: string) {
    super(`${program} is not on the PATH of this process`);
    this.program = program;
  }
}

/** A program was ended by a signal that this process did not send: by a person, or by the kernel for lack of memory. */
export class ProgramKilled extends Error {
  override readonly name = 'ProgramKilled';
  readonly program: string;
  readonly signal: string;

  constructor(program: string, signal: string) {
    super(`${program} was ended by ${signal} from outside`);
    this.program = program;
    this.signal = signal;
  }
}

/** A program was ended because it ran longer than it was allowed to. */
export class ProgramTimeout extends Error {
  override readonly name = 'ProgramTimeout';
  readonly program: string;
  readonly timeoutMs: number;
  /** End of its error output. Not redacted. */
  readonly stderr: string;

  constructor(program: string, timeoutMs: number, stderr = '') {
    super(`${program} was ended after ${Math.round(timeoutMs / 1000)} s`);
    this.program = program;
    this.timeoutMs = timeoutMs;
    this.stderr = stderr;
  }
}

/** A program was ended because it did nothing for too long: it read, wrote, printed and computed nothing. */
export class ProgramStalled extends Error {
  override readonly name = 'ProgramStalled';
  readonly program: string;
  readonly stalledMs: number;
  /** End of its error output. Not redacted. */
  readonly stderr: string;

  constructor({ program, subject }: { program: string; subject?: string }, stalledMs: number, stderr: string) {
    const what = subject === undefined ? program : `${program} on ${subject}`;
    const time = stalledMs % 60_000 === 0 ? `${stalledMs / 60_000} min` : `${Math.round(stalledMs / 1000)} s`;
    super(`${what} made no progress for ${time} and was ended`);
    this.program = program;
    this.stalledMs = stalledMs;
    this.stderr = stderr;
  }
}
