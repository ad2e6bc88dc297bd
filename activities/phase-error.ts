import type { FailureType } from '../contract/failures.ts';

/**
 * What an adapter throws when it knows what went wrong. activities/failures.ts turns it into the failure that travels.
 *
 * The message says what failed, on which named thing, and what to do next. It may still hold secrets: it is redacted on its way.
 */
export class PhaseError extends Error {
  override readonly name = 'PhaseError';
  readonly type: FailureType;
  /** When to try again, in milliseconds, where waiting by the usual back-off would be wrong. */
  readonly retryAfterMs: number | undefined;
  /** True where this failure must not be retried, although others of its type are. */
  readonly isFinal: boolean;

  constructor(type: FailureType, message: string, options: { cause?: unknown; retryAfterMs?: number; isFinal?: boolean } = {}) {
    super(message, { cause: options.cause });
    this.type = type;
    this.retryAfterMs = options.retryAfterMs;
    this.isFinal = options.isFinal ?? false;
  }
}
