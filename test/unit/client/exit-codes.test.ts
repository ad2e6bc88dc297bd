import { expect, test } from '@jest/globals';
import { CommandError, reportError } from '../../../client/command-error.ts';
import { EXIT, exitCodeOfFailure, exitCodeOfRun } from '../../../client/exit-codes.ts';
import { FAILURES } from '../../../contract/failures.ts';

/** An error as libraries throw it: told by its name, with what else it carries. */
function named(name: string, extra: object = {}, cause?: unknown): Error {
  return Object.assign(new Error(`${name} happened`, { cause }), { name }, extra);
}

test('every failure type ends with an exit code that the design knows', () => {
  const known = [1, 2, 3, 10, 11, 12];
  expect(Object.keys(FAILURES).filter((type) => !known.includes(exitCodeOfFailure(type)))).toEqual([]);
});

test.each([
  ['RepositoryMissing', 10],
  ['RepositoryLocked', 11],
  ['AuthRejected', 12],
  ['ConfigInvalid', 2],
  ['PlanBusy', 1],
  ['SomethingOfALaterRelease', 1],
  [undefined, 1],
])('a failed run of type %s exits with %d', (type, exitCode) => {
  expect(exitCodeOfRun('failed', type)).toBe(exitCode);
});

test.each([
  ['succeeded', 0],
  ['partial', 3],
  ['cancelled', 130],
  ['running', 130],
] as const)('a run that is %s exits with %d', (outcome, exitCode) => {
  expect(exitCodeOfRun(outcome)).toBe(exitCode);
});

test.each([
  ['a known condition', new CommandError('NoWorker', 20, 'no worker'), 'NoWorker', 20],
  ['a bad configuration', named('ConfigurationError'), 'ConfigInvalid', 2],
  ['a port that is taken', named('StartError'), 'StartFailed', 1],
  ['a namespace that does not exist', named('NamespaceNotFoundError'), 'Unreachable', 20],
  ['a server that is gone', named('ServiceError', {}, { code: 14 }), 'Unreachable', 20],
  ['a deadline', named('Error', { code: 4 }), 'Unreachable', 20],
  ['refused credentials', named('ServiceError', {}, { code: 7 }), 'Unreachable', 20],
  [
    "the worker's own failure, below the layers of Temporal",
    named('WorkflowFailedError', {}, named('ActivityFailure', {}, named('ApplicationFailure', { type: 'AuthRejected' }))),
    'AuthRejected',
    12,
  ],
  ['an answer that never came', named('WorkflowFailedError', {}, named('TimeoutFailure')), 'NoWorker', 20],
  ['a cancelled question', named('WorkflowFailedError', {}, named('CancelledFailure')), 'Unexpected', 130],
])('%s is reported by type and exit code', (_case, error, type, exitCode) => {
  expect(reportError(error)).toMatchObject({ type, exitCode, isExpected: true });
});

test.each([
  ['an Error', new TypeError('x is not a function')],
  ['anything else', 'a text'],
])('%s that nobody foresaw is a failure with its message', (_case, error) => {
  const report = reportError(error);
  expect(report).toMatchObject({ type: 'Unexpected', exitCode: EXIT.failed, isExpected: false });
  expect(report.message).not.toBe('');
});
