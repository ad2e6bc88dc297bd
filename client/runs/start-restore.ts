import { randomBytes } from 'node:crypto';
import { restoreWorkflowId, taskQueueName, WORKFLOWS } from '../../contract/names.ts';
import type { RestoreInput } from '../../contract/restore.ts';
import type { Temporal } from '../connect.ts';
import { emptyRecord } from './run-record.ts';
import type { StartedRun } from './start-run.ts';

/** Starts a restore now, under an id of its own. */
export async function startRestore({ client }: Temporal, host: string, input: RestoreInput): Promise<StartedRun> {
  const startedAt = new Date();
  const timestamp = startedAt.toISOString().replace(/[-:]|\.\d+/g, '');
  const workflowId = `${restoreWorkflowId(host, input.plan)}-${timestamp}-${randomBytes(2).toString('hex')}`;
  const handle = await client.workflow.start(WORKFLOWS.restore, {
    workflowId,
    taskQueue: taskQueueName(host),
    args: [input],
    staticSummary: `Restore of ${input.plan} on ${host}`,
  });
  const runId = handle.firstExecutionRunId;
  return { handle, record: emptyRecord({ plan: input.plan, host, workflowId, runId, startedAt: startedAt.toISOString() }) };
}
