import type { FailureType } from '../../../contract/failures.ts';
import { PhaseError } from '../../phase-error.ts';

/** A failure whose two halves are known apart: a run tells both in one message, `doctor` on two lines. */
export class Problem extends PhaseError {
  readonly what: string;
  readonly advice: string;

  /** `what` is a sentence; `advice` says what to do next. */
  constructor(type: FailureType, what: string, advice: string) {
    super(type, `${what} ${advice}`);
    this.what = what;
    this.advice = advice;
  }
}
