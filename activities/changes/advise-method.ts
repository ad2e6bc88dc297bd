import type { Plan, Source } from '../../config/types.ts';
import { sourceId } from '../../contract/backup.ts';
import type { Finding } from '../../contract/inspect.ts';
import { type ChangeNote, loadChanges, loadStored, type StoredNote } from './change-notes.ts';

/** From where on another method is worth a word. */
export interface AdviceThresholds {
  /** A smaller database is cheap by any method. */
  databaseBytes: number;
  savedBytesPerWeek: number;
  /** So many times less would be stored, at the least. */
  ratio: number;
}

export const ADVICE_THRESHOLDS: AdviceThresholds = {
  databaseBytes: 256 * 1024 ** 2,
  savedBytesPerWeek: 100 * 1024 ** 2,
  ratio: 3,
};

/** So many runs in a row are looked at: one may be unlike the others. */
const RUNS = 3;
/** What changed is stored once as a delta, and once more, sooner or later, by a new base. */
const TIMES_STORED = 2;
/** Others of the plan that store at most such a part of it are left out of the message. */
const SMALL_PART = 0.1;
const WEEK_MS = 7 * 24 * 60 * 60 * 1000;

type Database = Exclude<Source, { kind: 'files' }>;

/** Says of each database of a plan whether its last runs would have stored much less by another method. */
export async function examineMethods(plan: Plan, thresholds: AdviceThresholds = ADVICE_THRESHOLDS): Promise<Finding[]> {
  const stored = await loadStored(plan);
  const databases = plan.sources.filter((source) => source.kind !== 'files');
  const findings = await Promise.all(
    databases.map(async (source) => {
      const advice = adviseMethod(source, { changes: await loadChanges(plan, source), stored }, thresholds);
      return advice === undefined ? [] : [{ level: 'warning' as const, subject: subjectOf(plan, source), ...advice }];
    }),
  );
  return findings.flat();
}

function subjectOf(plan: Plan, { kind, name }: Database): string {
  return `plans.${plan.name}.sources.${kind}.${name}`;
}

type Advice = Pick<Finding, 'message' | 'advice'>;

/** @param numbers oldest first */
export function adviseMethod(
  source: Database,
  { changes, stored }: { changes: readonly ChangeNote[]; stored: readonly StoredNote[] },
  thresholds: AdviceThresholds,
): Advice | undefined {
  const last = changes.slice(-RUNS);
  if (last.length < RUNS || mean(last.map(({ bytes }) => bytes)) < thresholds.databaseBytes) return undefined;
  if (source.chain !== undefined) return last.every(({ kind }) => kind === 'chain') ? adviseFullCopy(source, last) : undefined;
  if (last.some(({ kind }) => kind !== 'copy')) return undefined;
  const runs = last.flatMap((change) => joined(source, change, stored) ?? []);
  return runs.length < RUNS ? undefined : adviseIncremental(source, runs, thresholds);
}

/** A run with what changed before it. In bytes. */
interface MeasuredRun {
  sinceMs: number;
  changed: number;
  size: number;
  /** By the whole snapshot. */
  stored: number;
  /** At most by the other sources of the plan: all of them. */
  others: number;
}

/** Undefined where one of the two runs did not succeed: the snapshot was then compared with an older one than the sample. */
function joined(source: Database, change: ChangeNote, stored: readonly StoredNote[]): MeasuredRun | undefined {
  const [run, since] = [change.runId, change.sinceRunId].map((id) => stored.find(({ runId }) => runId === id));
  if (run === undefined || since === undefined) return undefined;
  const others = Object.entries(run.sources).filter(([id]) => id !== sourceId(source));
  return {
    sinceMs: Date.parse(run.at) - Date.parse(since.at),
    changed: change.changedBytes,
    size: change.bytes,
    stored: run.bytesAdded,
    others: others.reduce((sum, [, bytes]) => sum + bytes, 0),
  };
}

function adviseIncremental(source: Database, runs: readonly MeasuredRun[], thresholds: AdviceThresholds): Advice | undefined {
  const [changed, size, stored, others] = (['changed', 'size', 'stored', 'others'] as const).map((key) =>
    mean(runs.map((run) => run[key])),
  );
  if (changed === undefined || size === undefined || stored === undefined || others === undefined) return undefined;
  const own = Math.max(0, stored - others);
  const instead = TIMES_STORED * changed;
  const savedPerWeek = ((own - instead) * WEEK_MS) / mean(runs.map(({ sinceMs }) => sinceMs));
  if (own < thresholds.ratio * instead || savedPerWeek < thresholds.savedBytesPerWeek) return undefined;
  const who = others < SMALL_PART * stored ? '' : ` for the whole plan, at least ${mib(own)} of it for this source`;
  const what = source.kind === 'sqlite' ? 'its pages' : 'its rows';
  return {
    message: `the last ${runs.length} runs stored ${mib(stored)} each${who}; about ${percent(changed / size)} of ${what} had changed (${mib(changed)})`,
    advice:
      `Set method: incremental: about ${mib(savedPerWeek)} less a week. It keeps a copy in state_directory, and a restore replays ` +
      'the changes (docs/databases.md).',
  };
}

/** A delta that is as large as restic's own deduplication would leave it saves nothing, and has to be replayed. */
function adviseFullCopy({ kind }: Database, changes: readonly ChangeNote[]): Advice | undefined {
  const [delta, base] = [mean(changes.map((change) => change.changedBytes)), mean(changes.map(({ bytes }) => bytes))];
  if (delta * RUNS < base) return undefined;
  return {
    message: `the changes of its last ${changes.length} runs took ${mib(delta)} each beside a base of ${mib(base)}: they outgrow it within ${RUNS} runs`,
    advice: `Set method: ${kind === 'sqlite' ? 'auto' : 'dump'}: it stores about as much, takes less room, and a restore has nothing to replay.`,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function mib(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(bytes < 10 * 1024 ** 2 ? 1 : 0)} MiB`;
}
