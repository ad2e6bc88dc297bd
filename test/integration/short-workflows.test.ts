import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Client, WorkflowFailedError } from '@temporalio/client';
import { taskQueueName, WORKFLOWS } from '../../contract/names.ts';
import { Holdfast, renderConfiguration } from '../support/holdfast.ts';

// What the CLI asks the worker's machine, here without the CLI, as anything else that knows Temporal may ask.

let holdfast: Holdfast;

beforeAll(async () => {
  holdfast = await Holdfast.create((directory) =>
    renderConfiguration(directory, { sources: `files:\n  config: { base: ${directory}/data, paths: [app.toml] }` }),
  );
  await writeFile(join(holdfast.directory, 'data/app.toml'), 'answer = 42\n');
  await holdfast.up();
}, 60_000);

afterAll(() => holdfast.stop());

async function start(client: Client, workflow: string, input?: object) {
  const args = input === undefined ? [] : [input];
  return client.workflow.start(workflow, { workflowId: `short/${workflow}`, taskQueue: taskQueueName('test-host'), args });
}

async function answerOf(workflow: string, input?: object): Promise<unknown> {
  const answer: unknown = await holdfast.withClient(async (client) => (await start(client, workflow, input)).result());
  await holdfast.recordHistory(`short/${workflow}`, `${workflow}-succeeded`);
  return answer;
}

test('each question is answered by a workflow of its own', async () => {
  const plan = 'tracker';
  const repository = 'main';
  expect(await answerOf(WORKFLOWS.initRepository, { repository })).toMatchObject({ repository, wasCreated: true });
  await holdfast.backup(plan);
  const origin = { from: 'repository', id: expect.any(String) };
  expect(await answerOf(WORKFLOWS.listSnapshots, { plan })).toEqual([expect.objectContaining({ hostname: 'test-host' })]);
  expect(await answerOf(WORKFLOWS.previewRestore, { plan, in_place: true })).toMatchObject({ plan, origin });
  expect(await answerOf(WORKFLOWS.listFiles, { plan })).toMatchObject({ total: 3 });
  expect(await answerOf(WORKFLOWS.unlockRepository, { repository, confirmed: false })).toMatchObject({ locks: [] });
  expect(await answerOf(WORKFLOWS.examineHost)).toMatchObject({ host: 'test-host' });
}, 60_000);

test('a mount ends when its workflow is cancelled', async () => {
  const workflow = WORKFLOWS.mountSnapshots;
  await holdfast.withClient(async (client) => {
    const handle = await start(client, workflow, { plan: 'tracker' });
    while (((await handle.describe()).raw.pendingActivities?.[0]?.heartbeatDetails?.payloads ?? []).length === 0)
      await sleep(100);
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
    expect((await handle.describe()).status.name).toBe('CANCELLED');
  });
  await holdfast.recordHistory(`short/${workflow}`, `${workflow}-cancelled`);
}, 60_000);
