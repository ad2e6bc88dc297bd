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

  constructor(program: string, timeoutMs: number) {
    super(`${program} was ended after ${Math.round(timeoutMs / 1000)} s`);
    this.program = program;
    this.timeoutMs = timeoutMs;
  }
}
