import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import * as workflows from '../../workflows/index.ts';

// Runs that are in progress when a worker is replaced go on under the new code. Each history here was recorded from a real run
// (CONTRIBUTING.md, "Changing a workflow") and must lead the code of today to the very same commands.
const HISTORIES = fileURLToPath(new URL('./histories/', import.meta.url));
const files = (await readdir(HISTORIES)).filter((name) => name.endsWith('.json'));

Runtime.install({ logger: new DefaultLogger('ERROR') });
const workflowBundle = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)),
  logger: new DefaultLogger('ERROR'),
});

test('there are histories of a run that succeeded, failed and was cancelled', () => {
  for (const outcome of ['succeeded', 'failed', 'cancelled']) {
    expect(files).toContainEqual(expect.stringContaining(outcome));
  }
});

test('every workflow has a history', async () => {
  const started = await Promise.all(
    files.map(async (file) => {
      const { events } = JSON.parse(await readFile(`${HISTORIES}/${file}`, 'utf8')) as { events: Event[] };
      return events[0]?.workflowExecutionStartedEventAttributes?.workflowType.name;
    }),
  );
  expect(new Set(started)).toEqual(new Set(Object.keys(workflows)));
});

test.each(files)('%s replays', async (file) => {
  const history: unknown = JSON.parse(await readFile(`${HISTORIES}/${file}`, 'utf8'));
  await Worker.runReplayHistory({ workflowBundle }, history);
});

interface Event {
  eventType: string;
  workflowExecutionStartedEventAttributes?: { workflowType: { name: string } };
  activityTaskScheduledEventAttributes?: { activityType: { name: string } };
}

test('in a cancelled run the phase at work has ended before its stage is cleaned', async () => {
  const cancelled = files.find((name) => name.startsWith('backup-cancelled')) ?? '';
  const { events } = JSON.parse(await readFile(`${HISTORIES}/${cancelled}`, 'utf8')) as { events: Event[] };
  const cleaned = events.findIndex(
    ({ activityTaskScheduledEventAttributes }) => activityTaskScheduledEventAttributes?.activityType.name === 'cleanUpStage',
  );
  const count = (pattern: RegExp) => events.slice(0, cleaned).filter(({ eventType }) => pattern.test(eventType)).length;
  expect(count(/ACTIVITY_TASK_CANCEL_REQUESTED$/)).toBeGreaterThan(0);
  expect(count(/ACTIVITY_TASK_(COMPLETED|CANCELED|FAILED|TIMED_OUT)$/)).toBe(count(/ACTIVITY_TASK_SCHEDULED$/));
});

test('a history in which a phase has another name does not replay', async () => {
  const succeeded = files.find((name) => name.includes('succeeded')) ?? '';
  const text = await readFile(`${HISTORIES}/${succeeded}`, 'utf8');
  const changed: unknown = JSON.parse(text.replaceAll('"sealStage"', '"closeStage"'));
  await expect(Worker.runReplayHistory({ workflowBundle }, changed)).rejects.toThrow(/sealStage/);
});
