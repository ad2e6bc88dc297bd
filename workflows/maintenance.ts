import { CancellationScope, defineQuery, proxyActivities, setHandler, setWorkflowOptions } from '@temporalio/workflow';
import type { RunRecord } from '../contract/backup.ts';
import type { MaintenanceActivities, MaintenanceTask, OpenMaintenanceResult } from '../contract/maintenance.ts';
import { RUN_RECORD_QUERY } from '../contract/names.ts';
import { CLOSING_DEADLINE_MS, OPEN_DEADLINE_MS, phaseOptions } from './policies.ts';
import { publish, warnOf } from './publish.ts';
import { RunRecorder } from './run-recorder.ts';
import { setAttributes } from './search-attributes.ts';

const runRecordQuery = defineQuery<RunRecord>(RUN_RECORD_QUERY);

type Activities = ReturnType<typeof proxyActivities<MaintenanceActivities>>;

/**
 * Checks a repository, with the part of its data whose turn it is, or all of it.
 *
 * Takes a {@link CheckInput}. Fails with RepositoryDamaged when it is not whole. Answers the query `run_record`.
 */
export async function check(input: unknown): Promise<RunRecord> {
  return maintain('check', input, async (recorder, opened, activities) => {
    const { repository, readsAllData } = opened;
    const { dataRead, suggestsPrune } = await recorder.follow('checkRepository', () =>
      activities.checkRepository({ repository, readsAllData }),
    );
    recorder.record.maintained = { task: 'check', repository, check: { dataRead, suggestsPrune } };
  });
}

/** Removes from a repository what no snapshot needs. Takes a {@link PruneInput}. Answers the query `run_record`. */
export async function prune(input: unknown): Promise<RunRecord> {
  return maintain('prune', input, async (recorder, opened, activities) => {
    const { repository } = opened;
    const result = await recorder.follow('pruneRepository', () => activities.pruneRepository({ repository }));
    const { bytesFreed, bytesRemaining, bytesUnused } = result;
    recorder.record.maintained = { task: 'prune', repository, prune: { bytesFreed, bytesRemaining, bytesUnused } };
  });
}

// A defect then shows as a failed run; by default it would be a run that hangs for ever.
setWorkflowOptions({ failureExceptionTypes: [Error] }, check);
setWorkflowOptions({ failureExceptionTypes: [Error] }, prune);

async function maintain(
  task: MaintenanceTask,
  input: unknown,
  work: (recorder: RunRecorder, opened: OpenMaintenanceResult, activities: Activities) => Promise<void>,
): Promise<RunRecord> {
  const recorder = new RunRecorder(repositoryNameOf(input));
  const { record } = recorder;
  record.maintained = { task, repository: record.plan };
  setHandler(runRecordQuery, () => record);
  let opened: OpenMaintenanceResult | undefined;
  let failure: Error | undefined;
  try {
    opened = await open(recorder, task, input);
    const remainingMs = Math.max(1_000, opened.deadlineMs - (Date.now() - Date.parse(record.startedAt)));
    await work(recorder, opened, proxyActivities<MaintenanceActivities>(phaseOptions(remainingMs)));
    record.outcome = 'succeeded';
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
  }
  await CancellationScope.nonCancellable(() => close(recorder, task, failure, opened?.hasSearchAttributes === true));
  if (failure !== undefined) throw failure;
  return record;
}

async function open(recorder: RunRecorder, task: MaintenanceTask, input: unknown): Promise<OpenMaintenanceResult> {
  const activities = proxyActivities<MaintenanceActivities>(phaseOptions(OPEN_DEADLINE_MS));
  const opened = await recorder.follow('openMaintenance', () =>
    activities.openMaintenance({ task, startedAt: recorder.record.startedAt, arrival: recorder.arrival, input }),
  );
  recorder.record.host = opened.host;
  if (opened.hasSearchAttributes) setAttributes({ host: opened.host });
  return opened;
}

async function close(
  recorder: RunRecorder,
  task: MaintenanceTask,
  failure: unknown,
  hasSearchAttributes: boolean,
): Promise<void> {
  const activities = proxyActivities<MaintenanceActivities>(phaseOptions(CLOSING_DEADLINE_MS));
  recorder.finish(failure);
  const { record } = recorder;
  const report = await activities.reportMaintenance({ task, record }).catch(warnOf(recorder, 'reporting failed'));
  await publish(recorder, () => record, { due: report?.notifications ?? [], hasSearchAttributes });
}

/** For the record only: openMaintenance judges the input. */
function repositoryNameOf(input: unknown): string {
  const name = typeof input === 'object' && input !== null && 'repository' in input ? input.repository : undefined;
  return typeof name === 'string' ? name.slice(0, 100) : 'unknown';
}
