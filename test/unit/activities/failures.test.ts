import { expect, test } from '@jest/globals';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { toFailure } from '../../../activities/failures.ts';
import { PhaseError } from '../../../activities/phase-error.ts';
import { ProgramMissing, ProgramTimeout } from '../../../process/errors.ts';
import { createRedactor } from '../../../process/redaction.ts';

const options = { redact: createRedactor(['hunter22']), attempt: 3 };
const systemError = (code: string) => Object.assign(new Error(`${code}: write`), { code, syscall: 'write', path: '/stage/x' });

test('a cancellation passes as it is: anything else would count as a failure', () => {
  const cancelled = new CancelledFailure('CANCELLED');
  expect(toFailure(cancelled, options)).toBe(cancelled);
});

test.each([
  [new PhaseError('RepositoryLocked', 'locked'), 'RepositoryLocked', false],
  [new PhaseError('AuthRejected', 'refused'), 'AuthRejected', true],
  [new PhaseError('PlanBusy', 'busy', { isFinal: true }), 'PlanBusy', true],
  [new ProgramMissing('restic'), 'ToolMissing', true],
  [new ProgramTimeout('tar', 1_000), 'ProcessTimeout', false],
  [systemError('ENOSPC'), 'DiskFull', false],
  [systemError('EACCES'), 'ConfigInvalid', true],
  [new TypeError('undefined is not a function'), 'Unexpected', true],
  ['a string', 'Unexpected', true],
])('%s is %s', (error, type, nonRetryable) => {
  const failure = toFailure(error, options);
  expect(failure).toBeInstanceOf(ApplicationFailure);
  expect(failure).toMatchObject({ type, nonRetryable, details: [{ attempt: 3 }] });
});

test('secrets and passwords in locations are blanked, and a long message is cut', () => {
  const message = `rest:https://user:pa55@host: hunter22 ${'x'.repeat(5_000)}`;
  const failure = toFailure(new PhaseError('StorageUnavailable', message), options);
  expect(failure.message).toMatch(/^rest:https:\/\/user:\*\*\*@host: \*\*\* x+ \(…\)$/);
  expect(failure.message.length).toBeLessThan(2_100);
});

test('a failure says when to try again where the usual back-off would be wrong', () => {
  expect(toFailure(new PhaseError('PlanBusy', 'busy', { retryAfterMs: 5_000 }), options)).toMatchObject({
    nextRetryDelay: 5_000,
  });
});
