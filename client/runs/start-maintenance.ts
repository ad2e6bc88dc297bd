import { randomBytes } from 'node:crypto';
import type { CheckInput, MaintenanceTask, PruneInput } from '../../contract/maintenance.ts';
import { maintenanceWorkflowId, taskQueueName, WORKFLOWS } from '../../contract/names.ts';
import type { Temporal } from '../connect.ts';
import { emptyRecord } from './run-record.ts';
import type { StartedRun } from './start-run.ts';

export interface StartMaintenanceRequest {
  host: string;
  task: MaintenanceTask;
  input: CheckInput | PruneInput;
}

/** Starts a check or prune of a repository now, under an id of its own. */
export async function startMaintenance(
  { client }: Temporal,
  { host, task, input }: StartMaintenanceRequest,
): Promise<StartedRun> {
  const startedAt = new Date();
  const { repository } = input;
  const timestamp = startedAt.toISOString().replace(/[-:]|\.\d+/g, '');
  const suffix = `manual-${timestamp}-${randomBytes(2).toString('hex')}`;
  const workflowId = `${maintenanceWorkflowId(host, repository, task)}-${suffix}`;
  const handle = await client.workflow.start(WORKFLOWS[task], {
    workflowId,
    taskQueue: taskQueueName(host),
    args: [input],
    staticSummary: `${task === 'check' ? 'Check' : 'Prune'} of repository ${repository} on ${host}, started by hand`,
  });
  const runId = handle.firstExecutionRunId;
  const record = emptyRecord({ plan: repository, host, workflowId, runId, startedAt: startedAt.toISOString() });
  return { handle, record: { ...record, maintained: { task, repository } } };
}
