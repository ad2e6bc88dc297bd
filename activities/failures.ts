import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { FAILURES, type FailureDetails, type FailureType } from '../contract/failures.ts';
import { ProgramKilled, ProgramMissing, ProgramTimeout } from '../process/errors.ts';
import type { Redactor } from '../process/redaction.ts';
import { PhaseError } from './phase-error.ts';

/** Longest message that travels, in characters: a history is no log. */
const MAX_MESSAGE = 2_000;

/**
 * Turns whatever an activity threw into what Temporal is told: the only place that builds an ApplicationFailure.
 *
 * A cancellation passes unchanged, because anything else would be reported as a failure (SDK 1.24, activity.js).
 */
export function toFailure(error: unknown, options: { redact: Redactor; attempt: number }): Error {
  if (error instanceof CancelledFailure) return error;
  const { type, message, retryAfterMs } = classify(error);
  const isFinal = error instanceof PhaseError && error.isFinal;
  const details: FailureDetails = { attempt: options.attempt };
  return ApplicationFailure.create({
    type,
    message: shorten(options.redact(message)),
    nonRetryable: isFinal || FAILURES[type].retry === 'never',
    details: [details],
    ...(retryAfterMs === undefined ? {} : { nextRetryDelay: retryAfterMs }),
  });
}

interface Classified {
  type: FailureType;
  message: string;
  retryAfterMs?: number | undefined;
}

function classify(error: unknown): Classified {
  if (error instanceof PhaseError) return { type: error.type, message: error.message, retryAfterMs: error.retryAfterMs };
  if (error instanceof ProgramMissing) {
    return {
      type: 'ToolMissing',
      message: `${error.message}. Install it on the worker's machine; \`holdfast doctor\` lists what is needed.`,
    };
  }
  if (error instanceof ProgramKilled) {
    return {
      type: 'ProcessKilled',
      message: `${error.message}: by a person, or by the kernel for lack of memory (\`dmesg\` tells). It is started again.`,
    };
  }
  if (error instanceof ProgramTimeout) return { type: 'ProcessTimeout', message: error.message };
  if (isSystemError(error)) return classifySystemError(error);
  return { type: 'Unexpected', message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
}

function classifySystemError(error: NodeJS.ErrnoException): Classified {
  const where = error.path ?? 'a file';
  switch (error.code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return { type: 'DiskFull', message: `the disk of ${where} is full. Free some space: the run goes on by itself.` };
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return { type: 'ConfigInvalid', message: `the worker may not use ${where} (${error.code}). Check owner and mode.` };
    default:
      return { type: 'Unexpected', message: error.message };
  }
}

/** By its shape: an error of Node's own is of another realm inside a test or a worker thread. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return typeof error === 'object' && error !== null && 'syscall' in error && 'code' in error;
}

function shorten(message: string): string {
  return message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE)} (…)`;
}
