import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plan } from '../../config/types.ts';
import type { PhaseResult } from '../../contract/backup.ts';
import type { DrillRecord, ReportDrillInput, ReportDrillResult } from '../../contract/verify.ts';
import type { ActivityDependencies } from '../dependencies.ts';
import { dueNotifications } from '../notifications/due.ts';
import { writeDurably } from '../stage/write-durably.ts';
import { writeEvidence } from './evidence.ts';
import { markSnapshot } from './snapshot-marks.ts';

/**
 * Keeps what a drill that ended has shown: the evidence, the snapshot as proven when it passed, and the metrics. A drill that was
 * cancelled, or refused because of another one or for what it was asked, has shown nothing: anybody who reaches Temporal could replace
 * the last drill by it.
 *
 * Safe to repeat but for one extra count.
 */
export async function reportDrill(
  deps: ActivityDependencies,
  { record }: ReportDrillInput,
): Promise<Omit<ReportDrillResult, keyof PhaseResult>> {
  const plan = deps.configuration.plans.get(record.plan);
  const notifications = dueNotifications(deps.configuration.notifications, record);
  if (plan === undefined || record.failure?.type === 'PlanBusy') return { notifications };
  deps.onDrillReported(record);
  if (record.outcome === 'cancelled' || wasRefused(record)) return { notifications };
  const evidencePath = await writeEvidence(deps.configuration, record);
  await mkdir(plan.stateDirectory, { recursive: true, mode: 0o700 });
  await writeDurably(lastDrillPath(plan), JSON.stringify(record));
  if (record.outcome === 'succeeded' && record.snapshotId !== undefined) await markSnapshot(plan, 'proven', record.snapshotId);
  return { evidencePath, notifications };
}

function wasRefused({ failure }: DrillRecord): boolean {
  return failure?.type === 'ConfigInvalid' && failure.phase === 'openDrill';
}

/** Record of the last drill that ended; undefined before the first one, or when the file was damaged. */
export async function loadLastDrill(plan: Plan): Promise<DrillRecord | undefined> {
  try {
    return JSON.parse(await readFile(lastDrillPath(plan), 'utf8')) as DrillRecord;
  } catch {
    return undefined;
  }
}

function lastDrillPath(plan: Plan): string {
  return join(plan.stateDirectory, 'last-drill.json');
}
