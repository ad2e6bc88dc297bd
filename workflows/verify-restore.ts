import { CancellationScope, defineQuery, proxyActivities, setHandler, setWorkflowOptions } from '@temporalio/workflow';
import { type RunReference, sourceId } from '../contract/backup.ts';
import { RUN_RECORD_QUERY } from '../contract/names.ts';
import type { CheckResult, DrillFindings, DrillRecord, OpenDrillResult, VerifyActivities } from '../contract/verify.ts';
import { openInTurn } from './open-in-turn.ts';
import { CLOSING_DEADLINE_MS, OPEN_DEADLINE_MS, phaseOptions } from './policies.ts';
import { publish, warnOf } from './publish.ts';
import { renderDrill } from './render-drill.ts';
import { planNameOf, RunRecorder } from './run-recorder.ts';
import { setAttributes } from './search-attributes.ts';

const runRecordQuery = defineQuery<DrillRecord>(RUN_RECORD_QUERY);

/** What the parts of a drill share. */
interface Drill {
  recorder: RunRecorder;
  findings: DrillFindings;
  run: RunReference;
}

/**
 * A drill: restores a snapshot of a plan into a scratch place, compares it with its manifest, brings its databases to life, asks them
 * the operator's questions, and leaves evidence.
 *
 * Takes a `VerifyInput`; whatever else comes is refused by openDrill. Returns the record of a drill that passed (`succeeded`), or in
 * which something could not be tried (`partial`). One that found a failure fails with DrillFailed. In each case the scratch place is
 * removed and the memo holds the record with its checks.
 */
export async function verifyRestore(input: unknown): Promise<DrillRecord> {
  const findings: DrillFindings = { checks: [] };
  const recorder = new RunRecorder(planNameOf(input), (record) => renderDrill({ ...record, drill: findings }));
  const recordNow = (): DrillRecord => ({ ...recorder.record, drill: findings });
  setHandler(runRecordQuery, recordNow);
  const { plan, workflowId, runId, startedAt } = recorder.record;
  const drill: Drill = { recorder, findings, run: { plan, workflowId, runId, startedAt } };
  let opened: OpenDrillResult | undefined;
  let failure: Error | undefined;
  try {
    opened = await openDrill(drill, input);
    await look(drill, opened);
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
  }
  await CancellationScope.nonCancellable(() => close(drill, failure, opened?.hasSearchAttributes === true, recordNow));
  if (failure !== undefined) throw failure;
  return recordNow();
}

// A defect then shows as a failed drill; by default it would be one that hangs for ever.
setWorkflowOptions({ failureExceptionTypes: [Error] }, verifyRestore);

async function openDrill({ recorder, findings, run }: Drill, input: unknown): Promise<OpenDrillResult> {
  const { workflowId, runId } = run;
  const { arrival } = recorder;
  const activities = proxyActivities<VerifyActivities>(phaseOptions(OPEN_DEADLINE_MS));
  const opened = await openInTurn(recorder, { run, kind: 'drill' }, () =>
    recorder.follow('openDrill', () => activities.openDrill({ workflowId, runId, startedAt: run.startedAt, arrival, input })),
  );
  recorder.record.host = opened.host;
  recorder.record.snapshotId = opened.snapshotId;
  findings.snapshotTime = opened.snapshotTime;
  findings.snapshotAgeMs = Date.parse(run.startedAt) - Date.parse(opened.snapshotTime);
  if (opened.hasSearchAttributes) {
    setAttributes({ plan: opened.plan, host: opened.host, snapshot: opened.snapshotId.slice(0, 8) });
  }
  return opened;
}

async function look({ recorder, findings, run }: Drill, opened: OpenDrillResult): Promise<void> {
  const { snapshotId } = opened;
  const remainingMs = () => Math.max(1_000, opened.deadlineMs - (Date.now() - Date.parse(run.startedAt)));
  const activities = () => proxyActivities<VerifyActivities>(phaseOptions(remainingMs()));
  const check = async <Result extends CheckResult>(name: string, phase: () => Promise<Result>): Promise<Result> => {
    const result = await recorder.follow(name, phase);
    findings.checks.push(...result.checks);
    return result;
  };
  const restored = await check('restoreForDrill', () => activities().restoreForDrill({ run, snapshotId }));
  if (restored.isRestored) {
    const { restoreMs, files, bytes } = restored;
    Object.assign(findings, { restoreMs, files, bytes });
    await check('verifyFiles', () => activities().verifyFiles({ run }));
  }
  // One after the other: each needs room for itself alone.
  for (const source of restored.databases) {
    const id = sourceId(source);
    await check(`verifyDatabase ${id}`, () =>
      proxyActivities<VerifyActivities>({ ...phaseOptions(remainingMs()), summary: id }).verifyDatabase({ run, source }),
    );
  }
  if (opened.hasArchive) await check('verifyArchive', () => activities().verifyArchive({ run }));
  const { checks } = findings;
  await recorder.follow('judgeDrill', () => activities().judgeDrill({ run, snapshotId, checks }));
  recorder.record.outcome = checks.some(({ status }) => status === 'skipped') ? 'partial' : 'succeeded';
}

async function close(
  { recorder, findings, run }: Drill,
  failure: unknown,
  hasSearchAttributes: boolean,
  recordNow: () => DrillRecord,
): Promise<void> {
  const activities = proxyActivities<VerifyActivities>(phaseOptions(CLOSING_DEADLINE_MS));
  await recorder
    .follow('closeDrill', () => activities.closeDrill({ run }))
    .catch(warnOf(recorder, 'the scratch directory could not be removed'));
  recorder.finish(failure);
  const report = await activities.reportDrill({ record: recordNow() }).catch(warnOf(recorder, 'no evidence could be written'));
  if (report?.evidencePath !== undefined) findings.evidencePath = report.evidencePath;
  recorder.show();
  await publish(recorder, recordNow, { due: report?.notifications ?? [], hasSearchAttributes });
}
