/** A program is not on the PATH. */
export class ProgramMissing extends Error {
  override readonly name = 'ProgramMissing';
  readonly program: string;

  constructor(program: string) {
    super(`${program} is not on the PATH of this process`);
    this.program = program;
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
