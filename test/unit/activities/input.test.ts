import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { toFailure } from '../../../activities/failures.ts';
import { displayName, displayText, escapeControls } from '../../../activities/input/display.ts';
import { type Origin, requireOurs } from '../../../activities/input/guard.ts';
import { judge } from '../../../activities/input/judge.ts';

const RUN = {
  plan: 'tracker',
  workflowId: 'w',
  runId: '01a20723-d9f2-7dd7-9488-e157cb46d421',
  startedAt: '2026-11-23T03:00:00.123Z',
};
const OURS: Origin = { activityType: 'sealStage', workflowType: 'backup', workflowExecution: RUN };

test('a phase of a run passes, with fields that only another version knows', () => {
  expect(() => requireOurs(OURS, { run: { ...RUN, later: 1 }, more: true })).not.toThrow();
});

test.each<[string, Partial<Origin>, unknown]>([
  ['run by itself', { workflowType: undefined as never, workflowExecution: undefined as never }, { run: RUN }],
  ['of a workflow that is not ours', { workflowType: 'stranger' }, { run: RUN }],
  ['of a workflow named as what every object has', { workflowType: 'constructor' }, { run: RUN }],
  ['without input', {}, undefined],
  ['for another run', {}, { run: { ...RUN, runId: RUN.runId.replace('0', '1') } }],
  ['for another workflow', {}, { run: { ...RUN, workflowId: 'x' } }],
  ['whose run id is a path', {}, { run: { ...RUN, runId: '../../etc' } }],
  ['whose time is a path', {}, { run: { ...RUN, startedAt: '../../etc' } }],
])('an activity %s is refused', (_, origin, input) => {
  expect(() => requireOurs({ ...OURS, ...origin }, input)).toThrow(expect.objectContaining({ type: 'ConfigInvalid' }));
});

test('a message repeats a line of the input at most', () => {
  const input = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`${index}${'x'.repeat(1_000)}`, 1]));
  const message = (() => {
    try {
      judge(z.strictObject({}), input, 'the input must be {}');
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  })();
  expect(message).toMatch(/^the input must be \{\}: input: Unrecognized keys/);
  expect(message.length).toBeLessThan(300);
});

test('what acts on a terminal is shown as text', () => {
  expect(displayText('a\n\u001B[31m\u009B\u202Eb')).toBe(String.raw`a\u{a}\u{1b}[31m\u{9b}\u{202e}b`);
  expect(displayName('a "b"')).toBe(String.raw`"a \"b\""`);
  expect(displayText('x'.repeat(1_000))).toHaveLength(81);
  expect(escapeControls('one\n\ttwo\u001B')).toBe('one\n\ttwo\\u{1b}');
  const failure = toFailure(new Error('\u001B]0;owned\u0007'), { redact: (text) => text, attempt: 1 });
  expect(failure.message).toBe(String.raw`Error: \u{1b}]0;owned\u{7}`);
});
