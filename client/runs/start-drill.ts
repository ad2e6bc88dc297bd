import type { RunRecord } from '../../contract/backup.ts';
import { taskQueueName, verifyWorkflowId, WORKFLOWS } from '../../contract/names.ts';
import type { DrillFindings, DrillRecord, VerifyInput } from '../../contract/verify.ts';
import type { Temporal } from '../connect.ts';
import { emptyRecord } from './run-record.ts';
import { type StartedRun, type StartRunRequest, withManualSuffix } from './start-run.ts';

export interface StartDrillRequest extends StartRunRequest {
  /** Id of a snapshot or its beginning; undefined: the newest complete one. */
  snapshot: string | undefined;
}

/** Starts a drill of a plan now, under an id of its own. */
export async function startDrill({ client }: Temporal, request: StartDrillRequest): Promise<StartedRun> {
  const { host, plan, snapshot, whenBusy } = request;
  const startedAt = new Date();
  const workflowId = withManualSuffix(verifyWorkflowId(host, plan), startedAt);
  const input: VerifyInput = { plan, when_busy: whenBusy, ...(snapshot === undefined ? {} : { snapshot }) };
  const handle = await client.workflow.start(WORKFLOWS.verifyRestore, {
    workflowId,
    taskQueue: taskQueueName(host),
    args: [input],
    staticSummary: `Drill of ${plan} on ${host}, started by hand`,
  });
  const runId = handle.firstExecutionRunId;
  return { handle, record: emptyRecord({ plan, host, workflowId, runId, startedAt: startedAt.toISOString() }) };
}

/** The record of a drill; one that was ended from outside has found nothing. */
export function toDrillRecord(record: RunRecord & { drill?: DrillFindings }): DrillRecord {
  return { ...record, drill: record.drill ?? { checks: [] } };
}
