import { randomBytes } from 'node:crypto';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import type { BackupInput, RunRecord } from '../../contract/backup.ts';
import { backupWorkflowId, taskQueueName, WORKFLOWS } from '../../contract/names.ts';
import type { Temporal } from '../connect.ts';
import { emptyRecord } from './run-record.ts';

export interface StartRunRequest {
  host: string;
  plan: string;
  /** `refuse`: the run fails at once with PlanBusy while another one of the plan is in progress. */
  whenBusy: 'wait' | 'refuse';
}

export interface StartedRun {
  handle: WorkflowHandleWithFirstExecutionRunId;
  record: RunRecord;
}

/** Starts a backup run of a plan now, under an id of its own. */
export async function startRun({ client }: Temporal, { host, plan, whenBusy }: StartRunRequest): Promise<StartedRun> {
  const startedAt = new Date();
  const workflowId = manualWorkflowId(host, plan, startedAt);
  const input: BackupInput = { plan, when_busy: whenBusy };
  const handle = await client.workflow.start(WORKFLOWS.backup, {
    workflowId,
    taskQueue: taskQueueName(host),
    args: [input],
    staticSummary: `Backup of ${plan} on ${host}, started by hand`,
  });
  const runId = handle.firstExecutionRunId;
  return { handle, record: emptyRecord({ plan, host, workflowId, runId, startedAt: startedAt.toISOString() }) };
}

/** Id of a run that was started by hand: `backup/tracker-1/tracker-manual-20261123T030000Z-9f3a`. */
export function manualWorkflowId(host: string, plan: string, startedAt: Date): string {
  return withManualSuffix(backupWorkflowId(host, plan), startedAt);
}

/** Makes the id of a workflow that was started by hand out of that of the scheduled ones. */
export function withManualSuffix(scheduledId: string, startedAt: Date): string {
  const timestamp = startedAt.toISOString().replace(/[-:]|\.\d+/g, '');
  return `${scheduledId}-manual-${timestamp}-${randomBytes(2).toString('hex')}`;
}
