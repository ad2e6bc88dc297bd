import {
  CancellationScope,
  defineQuery,
  patched,
  proxyActivities,
  setHandler,
  setWorkflowOptions,
  sleep,
} from '@temporalio/workflow';
import type { AfterDumpInput, BackupActivities } from '../contract/activities.ts';
import {
  type AfterDumpResult,
  type CreateSnapshotResult,
  type OpenRunResult,
  type RunRecord,
  type RunReference,
  type SealStageResult,
  type SourceReference,
  type StageSourceResult,
  sourceId,
  type WriteArchiveResult,
} from '../contract/backup.ts';
import { RUN_RECORD_QUERY } from '../contract/names.ts';
import { openInTurn } from './open-in-turn.ts';
import { CLOSING_DEADLINE_MS, OPEN_DEADLINE_MS, phaseOptions } from './policies.ts';
import { publish, warnOf } from './publish.ts';
import { planNameOf, RunRecorder } from './run-recorder.ts';
import { setAttributes } from './search-attributes.ts';

type Activities = ReturnType<typeof proxyActivities<BackupActivities>>;

/** What the phases after openRun go by. */
interface Phases {
  opened: OpenRunResult;
  activities: () => Activities;
}

const FORGET_BESIDE_ARCHIVE = 'forget-beside-archive';

const runRecordQuery = defineQuery<RunRecord>(RUN_RECORD_QUERY);

/**
 * One run of a plan, from the claim of its stage to the report.
 *
 * Takes a {@link BackupInput}; whatever else comes is refused by openRun. Returns the record of the run when it made a snapshot
 * (`succeeded`, or `partial` when files are missing in it). A failed run fails with the failure of its phase, a cancelled one is
 * cancelled; in each case the stage is cleaned and the memo holds the record. Answers the query `run_record` at any time.
 */
export async function backup(input: unknown): Promise<RunRecord> {
  const recorder = new RunRecorder(planNameOf(input));
  setHandler(runRecordQuery, () => recorder.record);
  const run: RunReference = {
    plan: recorder.record.plan,
    workflowId: recorder.record.workflowId,
    runId: recorder.record.runId,
    startedAt: recorder.record.startedAt,
  };
  let opened: OpenRunResult | undefined;
  let failure: Error | undefined;
  try {
    opened = await openRun(recorder, run, input);
    await runPhases(recorder, run, opened);
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
  }
  await CancellationScope.nonCancellable(() => close(recorder, run, failure, opened?.hasSearchAttributes === true));
  if (failure !== undefined) throw failure;
  return recorder.record;
}

// A defect then shows as a failed run; by default it would be a run that hangs for ever.
setWorkflowOptions({ failureExceptionTypes: [Error] }, backup);

async function openRun(recorder: RunRecorder, run: RunReference, input: unknown): Promise<OpenRunResult> {
  const { workflowId, runId } = run;
  const { arrival } = recorder;
  const activities = proxyActivities<BackupActivities>(phaseOptions(OPEN_DEADLINE_MS));
  const opened = await openInTurn(recorder, { run, kind: 'backup' }, () =>
    recorder.follow('openRun', () => activities.openRun({ workflowId, runId, startedAt: run.startedAt, arrival, input })),
  );
  recorder.record.host = opened.host;
  if (opened.hasSearchAttributes) setAttributes({ plan: opened.plan, host: opened.host });
  return opened;
}

async function runPhases(recorder: RunRecorder, run: RunReference, opened: OpenRunResult): Promise<void> {
  const remainingMs = () => Math.max(1_000, opened.deadlineMs - (Date.now() - Date.parse(run.startedAt)));
  const activities = () => proxyActivities<BackupActivities>(phaseOptions(remainingMs()));
  await stageSources(recorder, run, { opened, activities });
  const sealed = await recorder.follow('sealStage', () => activities().sealStage({ run }));
  const forget = ({ snapshotId }: CreateSnapshotResult) => forgetOld(recorder, run, { opened, sealed, snapshotId, activities });
  // A run that began before forgetting went on beside the archive finds no marker in its history, and goes on as it was.
  const isBeside = patched(FORGET_BESIDE_ARCHIVE);
  const snapshot = await store(recorder, run, { opened, activities, follow: isBeside ? forget : undefined });
  if (!isBeside) await forget(snapshot);
  if (opened.hasArchive) await recorder.follow('rotateArchives', () => activities().rotateArchives({ run }));
  recorder.record.outcome = snapshot.isComplete ? 'succeeded' : 'partial';
}

/**
 * Stages all sources. The repository is opened beside that, and one that refuses ends the dumps. Where they need a service stopped, it is
 * opened before: nothing is stopped for a run that cannot store anything, nor for as long as that takes.
 */
async function stageSources(recorder: RunRecorder, run: RunReference, { opened, activities }: Phases): Promise<void> {
  const probe = () => recorder.follow('probeRepository', () => activities().probeRepository({ run }));
  const dumps = opened.sources.map((source) => () => stageSource(recorder, run, source, activities()));
  const hasProbe = opened.hasProbe === true;
  if (opened.hooks === undefined) return allOrNone(hasProbe ? [probe, ...dumps] : dumps);
  if (hasProbe) await probe();
  await stageBetweenHooks(recorder, run, {
    activities,
    maxStoppedMs: opened.hooks.maxStoppedMs,
    stageAll: () => allOrNone(dumps),
  });
}

/**
 * Stages all sources between beforeDump and afterDump. It is done anew when the service that was stopped had to be started in between:
 * the dumps would not be of one moment.
 */
async function stageBetweenHooks(
  recorder: RunRecorder,
  run: RunReference,
  { activities, maxStoppedMs, stageAll }: { activities: () => Activities; maxStoppedMs: number; stageAll: () => Promise<void> },
): Promise<void> {
  for (let round = 1; ; round++) {
    const dumps = await endedWithin(maxStoppedMs, async () => {
      await recorder.follow('beforeDump', () => activities().beforeDump({ run }));
      await stageAll();
    });
    const undone = await CancellationScope.nonCancellable(() => endDumps(recorder, { run, round, ...dumps }));
    if (dumps.failure !== undefined) throw dumps.failure.error;
    if (!undone.wasUndoneBefore) return;
    recorder.warn(['the worker was stopped or cut off and ran after_dump before the dumps were over: they are made anew']);
  }
}

/** Undoes beforeDump, whatever became of the dumps. Of two failures the first one is the run's, and the second one a warning. */
async function endDumps(
  recorder: RunRecorder,
  { run, round, isLate, failure }: AfterDumpInput & { failure: { error: unknown } | undefined },
): Promise<AfterDumpResult> {
  const { afterDump } = proxyActivities<BackupActivities>(phaseOptions(CLOSING_DEADLINE_MS));
  try {
    return await recorder.follow('afterDump', () => afterDump({ run, round, isLate }));
  } catch (error) {
    if (failure === undefined || isLate) throw error;
    warnOf(recorder, 'afterDump failed')(error);
    throw failure.error;
  }
}

function stageSource(
  recorder: RunRecorder,
  run: RunReference,
  source: SourceReference,
  activities: Activities,
): Promise<StageSourceResult> {
  const phases = { files: 'stageFiles', sqlite: 'dumpSqlite', mysql: 'dumpMysql' } as const;
  const phase = phases[source.kind];
  return recorder.follow(`${phase} ${sourceId(source)}`, () =>
    activities[phase].executeWithOptions({ summary: sourceId(source) }, [{ run, source: source.name }]),
  );
}

/**
 * Archive and snapshot are made side by side and of the same sealed stage; neither ends the other when it fails. What follows the
 * snapshot alone does not wait for the archive.
 */
async function store(
  recorder: RunRecorder,
  run: RunReference,
  { opened, activities, follow }: Phases & { follow: ((snapshot: CreateSnapshotResult) => Promise<void>) | undefined },
): Promise<CreateSnapshotResult> {
  const note = ({ snapshotId, bytesProcessed, bytesAdded }: CreateSnapshotResult) => {
    Object.assign(recorder.record, { snapshotId, bytesProcessed, bytesAdded });
    if (opened.hasSearchAttributes) setAttributes({ snapshot: snapshotId.slice(0, 8) });
  };
  const createSnapshot = async () => {
    const made = await recorder.follow('createSnapshot', () => activities().createSnapshot({ run }));
    if (follow === undefined) return made;
    note(made);
    await follow(made);
    return made;
  };
  const [snapshot, archive] = await Promise.allSettled([
    createSnapshot(),
    opened.hasArchive ? recorder.follow('writeArchive', () => activities().writeArchive({ run })) : undefined,
  ]);
  if (snapshot.status === 'fulfilled' && follow === undefined) note(snapshot.value);
  if (archive.status === 'fulfilled' && archive.value !== undefined) recorder.record.archive = archiveOf(archive.value);
  if (snapshot.status === 'rejected') throw snapshot.reason;
  if (archive.status === 'rejected') throw archive.reason;
  return snapshot.value;
}

/** Applies the plan's retention, unless the new snapshot holds suspiciously little. */
async function forgetOld(
  recorder: RunRecorder,
  run: RunReference,
  { opened, sealed, snapshotId, activities }: Phases & { sealed: SealStageResult; snapshotId: string },
): Promise<void> {
  if (!opened.hasRetention) return;
  if (sealed.shrunken.length > 0) {
    recorder.warn([`nothing was forgotten: ${sealed.shrunken.join(', ')} shrank suspiciously since the last good run`]);
  } else await recorder.follow('forgetSnapshots', () => activities().forgetSnapshots({ run, snapshotId }));
}

function archiveOf({ path, bytes }: WriteArchiveResult): { path: string; bytes: number } {
  return { path, bytes };
}

/**
 * Runs a body that is cancelled, and waited for, once a time has passed. How it failed is a result; a body that was cancelled by
 * this is late.
 */
async function endedWithin(
  limitMs: number,
  body: () => Promise<void>,
): Promise<{ isLate: boolean; failure: { error: unknown } | undefined }> {
  const scope = new CancellationScope();
  const timer = new CancellationScope();
  let isLate = false;
  const expire = () => {
    isLate = true;
    scope.cancel();
  };
  timer.run(() => sleep(limitMs)).then(expire, () => undefined);
  try {
    await scope.run(body);
    return { isLate: false, failure: undefined };
  } catch (error) {
    return { isLate, failure: { error } };
  } finally {
    timer.cancel();
  }
}

/** Runs all side by side. When one fails the others are cancelled and waited for, so that nobody writes on into the stage. */
async function allOrNone(steps: (() => Promise<unknown>)[]): Promise<void> {
  const scope = new CancellationScope();
  let first: { error: unknown } | undefined;
  await scope.run(() =>
    Promise.all(
      steps.map((step) =>
        step().catch((error: unknown) => {
          first ??= { error };
          scope.cancel();
        }),
      ),
    ),
  );
  if (first !== undefined) throw first.error;
}

async function close(
  recorder: RunRecorder,
  run: RunReference,
  failure: Error | undefined,
  hasSearchAttributes: boolean,
): Promise<void> {
  const activities = proxyActivities<BackupActivities>(phaseOptions(CLOSING_DEADLINE_MS));
  const { record } = recorder;
  await recorder.follow('cleanUpStage', () => activities.cleanUpStage({ run })).catch(warnOf(recorder, 'cleaning up failed'));
  recorder.finish(failure);
  const report = await activities.reportRun({ record }).catch(warnOf(recorder, 'reporting failed'));
  await publish(recorder, () => record, { due: report?.notifications ?? [], hasSearchAttributes });
}
