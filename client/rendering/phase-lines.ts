import type { PhaseRecord } from '../../contract/backup.ts';
import type { PendingActivity, RunView } from '../runs/run-view.ts';
import { renderBar } from './bar.ts';
import type { Paint, Palette } from './palette.ts';
import { formatBytes, formatDuration } from './quantities.ts';
import { cutTo, toLine } from './text.ts';

export interface PhaseLinesOptions {
  palette: Palette;
  /** No line is wider than this. */
  width: number;
  now: number;
}

const BAR_WIDTH = 14;
const NAME_WIDTH = { min: 12, max: 32 };

/** A run in progress as lines for a terminal: a heading, then one line for each phase, in the order in which they started. */
export function renderRunView(view: RunView, options: PhaseLinesOptions): string[] {
  const { record } = view;
  const elapsed = formatDuration(Math.max(0, options.now - Date.parse(record.startedAt)));
  const heading = cutTo(`${record.plan} on ${record.host} · ${elapsed}`, options.width);
  const names = record.phases.map(({ name }) => name.length);
  const nameWidth = Math.min(NAME_WIDTH.max, Math.max(NAME_WIDTH.min, ...names));
  const lines = record.phases.map((phase) => renderPhase(phase, view.pending.get(phase.name), { ...options, nameWidth }));
  const silence = view.isWorkerSilent
    ? [options.palette.warning(cutTo('  waiting for the worker to answer', options.width))]
    : [];
  return [options.palette.strong(heading), ...lines, ...silence];
}

function renderPhase(
  phase: PhaseRecord,
  pending: PendingActivity | undefined,
  { palette, width, now, nameWidth }: PhaseLinesOptions & { nameWidth: number },
): string {
  const [mark, paint] = markOf(phase, pending, palette);
  const name = cutTo(phase.name, nameWidth).padEnd(nameWidth);
  const start = `  ${mark} ${name}  `;
  const rest = cutTo(describePhase(phase, pending, now), width - start.length);
  // Colours come last: they have no width.
  return `  ${paint(mark)} ${name}  ${phase.status === 'running' ? rest : palette.quiet(rest)}`.trimEnd();
}

function markOf(phase: PhaseRecord, pending: PendingActivity | undefined, palette: Palette): [mark: string, paint: Paint] {
  switch (phase.status) {
    case 'done':
      return ['✓', palette.good];
    case 'failed':
      return ['✗', palette.bad];
    case 'cancelled':
    case 'skipped':
      return ['-', palette.quiet];
    case 'running':
      return pending !== undefined && isRetrying(pending) ? ['!', palette.warning] : ['▸', palette.strong];
  }
}

function describePhase(phase: PhaseRecord, pending: PendingActivity | undefined, now: number): string {
  if (phase.status !== 'running') return describeEnd(phase);
  if (pending !== undefined && isRetrying(pending)) {
    return `attempt ${pending.attempt}: ${toLine(pending.lastFailure?.message ?? 'starting over')}`;
  }
  const elapsed = formatDuration(Math.max(0, now - Date.parse(phase.startedAt)));
  return [...describeProgress(pending), elapsed, ...describeAttempt(pending)].join('  ');
}

/** It waits for its next attempt, or has started it and not reported from it yet. */
function isRetrying({ attempt, isRunning, lastFailure, progress }: PendingActivity): boolean {
  return lastFailure !== undefined && attempt > 1 && (!isRunning || progress === undefined);
}

function describeAttempt(pending: PendingActivity | undefined): string[] {
  return pending !== undefined && pending.attempt > 1 ? [`attempt ${pending.attempt}`] : [];
}

function describeProgress(pending: PendingActivity | undefined): string[] {
  const progress = pending?.progress;
  if (progress === undefined) return [];
  const { percent, bytesDone, bytesTotal } = progress;
  const bar = percent === undefined ? [] : [`${renderBar(percent, BAR_WIDTH)} ${String(Math.floor(percent)).padStart(3)} %`];
  const total = bytesTotal === undefined ? '' : ` of ${formatBytes(bytesTotal)}`;
  const bytes = bytesDone === undefined ? [] : [`${formatBytes(bytesDone)}${total}`];
  // Without a bar or a size the word for what is being done is all there is to show.
  return bar.length + bytes.length === 0 ? [toLine(progress.phase)] : [...bar, ...bytes];
}

/** What is known of a phase that has ended: `3.2 s  512.0 MiB  2 attempts`. */
export function describeEnd({ status, durationMs, bytes, attempts }: PhaseRecord): string {
  return [
    ...(status === 'done' ? [] : [status]),
    ...(durationMs === undefined ? [] : [formatDuration(durationMs)]),
    ...(bytes === undefined ? [] : [formatBytes(bytes)]),
    ...(attempts === undefined || attempts < 2 ? [] : [`${attempts} attempts`]),
  ].join('  ');
}
