import type { WorkflowExecutionInfo } from '@temporalio/client';
import type { RunRecord } from '../../contract/backup.ts';
import { backupWorkflowId, SEARCH_ATTRIBUTES, verifyWorkflowId, WORKFLOWS } from '../../contract/names.ts';
import type { Temporal } from '../connect.ts';
import { emptyRecord, recordOfExecution } from './run-record.ts';

/** Which workflows of a plan are listed. */
export interface RunKind {
  readonly workflowType: string;
  /** Id of the scheduled ones, which all ids begin with. */
  workflowId(this: void, host: string, plan: string): string;
}

export const BACKUPS: RunKind = { workflowType: WORKFLOWS.backup, workflowId: backupWorkflowId };
export const DRILLS: RunKind = { workflowType: WORKFLOWS.verifyRestore, workflowId: verifyWorkflowId };

export interface ListRunsRequest {
  /** @default BACKUPS */
  kind?: RunKind;
  host: string;
  plan: string;
  limit: number;
  /** Ends the list early, after the first run for which this is true. */
  until?: (record: RunRecord) => boolean;
}

const INVALID_ARGUMENT = 3;

/**
 * Lists the runs of a plan that Temporal still remembers, newest first. Visibility lags behind by a moment.
 *
 * Runs are told by their search attributes, which also finds those that somebody started under an id of their own, and by
 * their id, for runs that had not come to set them. Where the attributes are not registered only the id is left.
 */
export async function listRuns(temporal: Temporal, request: ListRunsRequest): Promise<RunRecord[]> {
  try {
    return await collectRuns(temporal, request, queryWithAttributes(request));
  } catch (error) {
    if (!isInvalidArgument(error)) throw error;
    return collectRuns(temporal, request, queryById(request));
  }
}

async function collectRuns({ client }: Temporal, request: ListRunsRequest, query: string): Promise<RunRecord[]> {
  const records: RunRecord[] = [];
  // A page, when it is not the first, is only fetched when it is needed.
  for await (const execution of client.workflow.list({ query, pageSize: Math.min(request.limit + 10, 200) })) {
    const record = toRecord(execution, request);
    if (record === undefined) continue;
    records.push(record);
    if (records.length >= request.limit || request.until?.(record) === true) break;
  }
  return records;
}

function toRecord(execution: WorkflowExecutionInfo, { host, plan, kind = BACKUPS }: ListRunsRequest): RunRecord | undefined {
  const { workflowId, runId, startTime } = execution;
  const startedAt = startTime.toISOString();
  const record = recordOfExecution(execution, emptyRecord({ plan, host, workflowId, runId, startedAt }));
  if (record.plan !== plan) return undefined;
  const hasAttribute = firstValue(execution, SEARCH_ATTRIBUTES.plan) === plan;
  return hasAttribute || isRunOfPlan(workflowId, host, plan, kind) ? record : undefined;
}

/** Tells the runs of the plan `a` from those of a plan `a-b` by what follows in the id: nothing, our suffix or Temporal's. */
export function isRunOfPlan(workflowId: string, host: string, plan: string, kind = BACKUPS): boolean {
  const start = kind.workflowId(host, plan);
  return workflowId.startsWith(start) && /^(?:$|-manual-|-\d{4}-\d{2}-\d{2}T)/.test(workflowId.slice(start.length));
}

function firstValue(execution: WorkflowExecutionInfo, attribute: string): unknown {
  return execution.typedSearchAttributes.getAll().find(({ key }) => key.name === attribute)?.value;
}

function queryById({ host, plan, kind = BACKUPS }: ListRunsRequest): string {
  return `WorkflowType = ${quote(kind.workflowType)} AND WorkflowId STARTS_WITH ${quote(kind.workflowId(host, plan))}`;
}

function queryWithAttributes({ host, plan, kind = BACKUPS }: ListRunsRequest): string {
  const byAttributes = `${SEARCH_ATTRIBUTES.plan} = ${quote(plan)} AND ${SEARCH_ATTRIBUTES.host} = ${quote(host)}`;
  const byId = `WorkflowId STARTS_WITH ${quote(kind.workflowId(host, plan))}`;
  return `WorkflowType = ${quote(kind.workflowType)} AND ((${byAttributes}) OR ${byId})`;
}

/** Host and plan names hold no quotes (config/ sees to that); a stray one must not become part of the query all the same. */
function quote(value: string): string {
  return `"${value.replace(/["\\]/g, '')}"`;
}

/** The answer to a query with a search attribute that the namespace does not have. */
function isInvalidArgument(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === INVALID_ARGUMENT;
}
