import {
  CancellationScope,
  defineQuery,
  proxyActivities,
  setHandler,
  setWorkflowOptions,
  upsertMemo,
} from '@temporalio/workflow';
import type { RunRecord, RunReference } from '../contract/backup.ts';
import { RUN_RECORD_MEMO, RUN_RECORD_QUERY } from '../contract/names.ts';
import type { CompareTreeResult, OpenRestoreResult, RestoreActivities, Restored } from '../contract/restore.ts';
import { CLOSING_DEADLINE_MS, phaseOptions } from './policies.ts';
import { planNameOf, RunRecorder } from './run-recorder.ts';
import { setAttributes } from './search-attributes.ts';

const runRecordQuery = defineQuery<RunRecord>(RUN_RECORD_QUERY);

/** Somebody waits for a restore, so one that cannot even begin says so soon. */
const OPEN_DEADLINE_MS = 30 * 60 * 1000;

/**
 * Restores a backup of a plan: into a directory of its own, or in the place of what is there.
 *
 * Takes a {@link RestoreInput}; whatever else comes is refused by openRestore. Returns the record of the run, `partial` when the
 * tree is not all that its manifest says. On failure and cancel the tree is removed and what was put back half is undone.
 */
export async function restore(input: unknown): Promise<RunRecord> {
  const recorder = new RunRecorder(planNameOf(input));
  setHandler(runRecordQuery, () => recorder.record);
  const { plan, workflowId, runId } = recorder.record;
  // It names the directory: the moment at which somebody asked for it.
  const run: RunReference = { plan, workflowId, runId, startedAt: recorder.arrival.requestedAt };
  let opened: OpenRestoreResult | undefined;
  let failure: Error | undefined;
  try {
    opened = await open(recorder, run, input);
    await runPhases(recorder, run, opened);
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
  }
  await CancellationScope.nonCancellable(() => close(recorder, run, { failure, opened }));
  if (failure !== undefined) throw failure;
  return recorder.record;
}

// A defect then shows as a failed run; by default it would be a run that hangs for ever.
setWorkflowOptions({ failureExceptionTypes: [Error] }, restore);

async function open(recorder: RunRecorder, run: RunReference, input: unknown): Promise<OpenRestoreResult> {
  const activities = proxyActivities<RestoreActivities>(phaseOptions(OPEN_DEADLINE_MS));
  const opened = await recorder.follow('openRestore', () => activities.openRestore({ run, input }));
  recorder.record.host = opened.host;
  const { origin } = opened;
  const restored: Restored = {
    ...(origin.from === 'repository' ? { snapshotId: origin.id } : { archive: origin.name }),
    time: opened.time,
    files: 0,
    bytes: 0,
    restoreMs: 0,
    verified: false,
    overwrites: opened.overwrites,
    kept: [],
  };
  recorder.record.restored = restored;
  if (origin.from === 'repository') recorder.record.snapshotId = origin.id;
  if (opened.hasSearchAttributes) setAttributes({ plan: opened.plan, host: opened.host });
  return opened;
}

async function runPhases(recorder: RunRecorder, run: RunReference, opened: OpenRestoreResult): Promise<void> {
  const remainingMs = () => Math.max(1_000, opened.deadlineMs - (Date.now() - Date.parse(recorder.record.startedAt)));
  const activities = () => proxyActivities<RestoreActivities>(phaseOptions(remainingMs()));
  const { origin, sources, file, inPlace, load } = opened;
  const what = { run, origin, sources, ...(file === undefined ? {} : { file }) };
  await recorder.follow('fetchTree', () => activities().fetchTree(what));
  const compared: CompareTreeResult = await recorder.follow('compareTree', () => activities().compareTree(what));
  const { restored } = recorder.record;
  if (restored === undefined) return;
  Object.assign(restored, { files: compared.files, bytes: compared.bytes, verified: compared.differences === 0 });
  const isInUse = inPlace.length > 0 || load !== undefined;
  if (compared.differences > 0 && isInUse) {
    recorder.warn(['nothing was put back or loaded, because the tree is not what was backed up. It was kept instead.']);
  } else {
    await putBack(recorder, run, opened, activities);
  }
  recorder.record.outcome = restored.verified ? 'succeeded' : 'partial';
}

/** One after the other, so that what a failure leaves undone is known. */
async function putBack(
  recorder: RunRecorder,
  run: RunReference,
  { inPlace, load }: OpenRestoreResult,
  activities: () => ReturnType<typeof proxyActivities<RestoreActivities>>,
): Promise<void> {
  for (const source of inPlace) {
    const { kept } = await recorder.follow(`putBack ${source}`, () =>
      activities().putBack.executeWithOptions({ summary: source }, [{ run, source }]),
    );
    recorder.record.restored?.kept.push(...kept);
  }
  if (load === undefined) return;
  await recorder.follow(`loadDump ${load.source}`, () =>
    activities().loadDump.executeWithOptions({ summary: `${load.source} into ${load.into}` }, [{ run, ...load }]),
  );
}

async function close(
  recorder: RunRecorder,
  run: RunReference,
  { failure, opened }: { failure: unknown; opened: OpenRestoreResult | undefined },
): Promise<void> {
  const activities = proxyActivities<RestoreActivities>(phaseOptions(CLOSING_DEADLINE_MS));
  const wasPutBack = opened !== undefined && (opened.inPlace.length > 0 || opened.load !== undefined);
  const { record } = recorder;
  const isKept = failure === undefined && (!wasPutBack || record.restored?.verified === false);
  const swallow = (error: unknown) => recorder.warn([`closing the restore failed: ${String(error)}`]);
  const closed = await recorder.follow('closeRestore', () => activities.closeRestore({ run, isKept })).catch(swallow);
  if (record.restored !== undefined) {
    record.restored.restoreMs = Date.now() - Date.parse(record.startedAt);
    if (closed?.path !== undefined) record.restored.path = closed.path;
  }
  recorder.finish(failure);
  upsertMemo({ [RUN_RECORD_MEMO]: record });
  if (opened?.hasSearchAttributes === true) setAttributes({ outcome: record.outcome });
}
