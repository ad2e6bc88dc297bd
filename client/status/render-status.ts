import type { RunRecord } from '../../contract/backup.ts';
import { drillOutcome } from '../../contract/drill-document.ts';
import type { Palette } from '../rendering/palette.ts';
import { formatAge, formatBytes, formatCount, formatDuration, formatTime } from '../rendering/quantities.ts';
import { waitText } from '../rendering/run-summary.ts';
import { renderPairs } from '../rendering/table.ts';
import { toLine, wrap } from '../rendering/text.ts';
import { runDurationMs } from '../runs/run-document.ts';
import { describeWorker, severalWorkers } from '../worker-presence.ts';
import type { OwedStart } from './owed-hooks.ts';
import type { HostStatus, PlanStatus, RunningNow, ScheduleStatus } from './plan-status.ts';

export interface RenderStatusOptions {
  palette: Palette;
  now: Date;
}

const VALUE_WIDTH = 62;
const WARNING_WIDTH = 78;

/** Where a host stands: a block for each plan. Fits into 80 columns. */
export function renderStatus({ host, workers, plans, owedStarts }: HostStatus, options: RenderStatusOptions): string[] {
  const { palette } = options;
  const hasWorker = workers.length > 0;
  const worker = hasWorker
    ? `worker ${workers.map(describeWorker).map(toLine).join(', ')}`
    : palette.bad('no worker polls: nothing will run (holdfast worker)');
  const several = severalWorkers(workers);
  const text = several === undefined ? [] : wrap(`${several.message}: ${several.advice}`, WARNING_WIDTH);
  const owed = owedStarts.flatMap((start) => renderOwedStart(start, options));
  const blocks = plans.flatMap((plan) => ['', ...renderPlan(plan, { ...options, hasWorker })]);
  return [`${palette.strong(`host ${host}`)} · ${worker}`, ...text.map(palette.warning), ...owed, ...blocks];
}

/** While its run goes on this is no news; once after_dump has failed, it comes before everything else. */
function renderOwedStart({ plan, since, failure, command }: OwedStart, { palette, now }: RenderStatusOptions): string[] {
  if (failure === undefined) return [`plan ${plan}: stopped by its hooks since ${whenText(since, now)}`];
  return [
    palette.bad(`plan ${plan}: STOPPED by its hooks since ${whenText(since, now)}, and after_dump fails`),
    ...wrap(toLine(failure), VALUE_WIDTH).map((line) => `    ${palette.bad(line)}`),
    `    the worker goes on trying; by hand: ${toLine(command)}`,
  ];
}

function renderPlan(status: PlanStatus, { palette, now, hasWorker }: RenderStatusOptions & { hasWorker: boolean }): string[] {
  const verdict = status.isOverdue ? palette.bad('  overdue') : '';
  const pairs: [string, string | undefined][] = [
    ['last run', lastRunText(status, now)],
    ...latePairs(status.lastRun),
    ['last good', lastGoodText(status, now)],
    ['last drill', lastDrillText(status, now)],
    ...status.running.map((running): [string, string] => runningPair(running, { hasWorker, now })),
    ['next', nextText(status)],
    ['missed', missedText(status.schedule)],
  ];
  const failure = status.lastRun?.failure;
  const reason = failure === undefined ? [] : wrap(`${failure.type}: ${toLine(failure.message)}`, VALUE_WIDTH);
  return [
    `${palette.strong(status.plan)}${verdict}`,
    ...renderPairs(pairs).map((line) => `  ${line}`),
    ...reason.map((line) => `    ${palette.bad(line)}`),
  ];
}

function lastRunText({ lastRun }: PlanStatus, now: Date): string {
  if (lastRun === undefined) return 'none that Temporal remembers';
  const durationMs = runDurationMs(lastRun);
  const took = durationMs === undefined ? '' : ` in ${formatDuration(durationMs)}`;
  return `${lastRun.outcome}${took}, started ${whenText(lastRun.startedAt, now)}`;
}

/** When the last run should have begun, and why it did not; nothing for one that was on time. */
function latePairs(lastRun: RunRecord | undefined): [string, string][] {
  const waited = lastRun && waitText(lastRun);
  if (lastRun?.dueAt === undefined || waited === undefined) return [];
  return [
    ['was due', formatTime(lastRun.dueAt)],
    ['waited', waited],
  ];
}

function lastGoodText({ lastGood }: PlanStatus, now: Date): string {
  if (lastGood === undefined) return 'none that Temporal remembers';
  const snapshot = lastGood.snapshotId === undefined ? '' : `, snapshot ${lastGood.snapshotId.slice(0, 8)}`;
  const added = lastGood.bytesAdded === undefined ? '' : `, ${formatBytes(lastGood.bytesAdded)} added`;
  return `${whenText(lastGood.startedAt, now)}${snapshot}${added}`;
}

function lastDrillText({ lastDrill }: PlanStatus, now: Date): string {
  if (lastDrill === undefined) return 'none that Temporal remembers: holdfast verify';
  const { restoreMs } = lastDrill.drill;
  const restored = restoreMs === undefined ? '' : `, restored in ${formatDuration(restoreMs)}`;
  return `${drillOutcome(lastDrill)}, ${whenText(lastDrill.startedAt, now)}${restored}`;
}

function runningPair({ record, phases }: RunningNow, { hasWorker, now }: { hasWorker: boolean; now: Date }): [string, string] {
  const elapsed = formatAge(now.getTime() - Date.parse(record.startedAt));
  if (!hasWorker) return ['waiting', `for a worker, asked for at ${formatTime(record.startedAt)} (${elapsed} ago)`];
  return ['running', phases.length === 0 ? `for ${elapsed}` : `for ${elapsed}: ${phases.join(', ')}`];
}

function nextText({ schedule, isScheduled }: PlanStatus): string {
  if (schedule === undefined)
    return isScheduled ? 'not in Temporal yet: holdfast apply' : 'no schedule: runs only when asked for';
  if (schedule.isPaused) return `paused${schedule.pausedNote === '' ? '' : `: ${toLine(schedule.pausedNote)}`}`;
  return schedule.nextTimes.slice(0, 2).map(formatTime).join(', ') || 'never';
}

function missedText(schedule: ScheduleStatus | undefined): string | undefined {
  if (schedule === undefined || schedule.missedCatchUpWindow + schedule.skippedOverlap === 0) return undefined;
  const parts = [
    schedule.missedCatchUpWindow === 0 ? [] : [`${formatCount(schedule.missedCatchUpWindow, 'run')} due while Temporal was away`],
    schedule.skippedOverlap === 0 ? [] : [`${formatCount(schedule.skippedOverlap, 'run')} due while one was open`],
  ];
  return parts.flat().join(', ');
}

function whenText(time: string, now: Date): string {
  return `${formatTime(time)} (${formatAge(now.getTime() - Date.parse(time))} ago)`;
}
