import type { Outcome, RunRecord } from '../../contract/backup.ts';
import { runDurationMs } from '../runs/run-document.ts';
import { nextSteps } from './next-steps.ts';
import type { Paint, Palette } from './palette.ts';
import { describeEnd } from './phase-lines.ts';
import { formatBytes, formatDuration } from './quantities.ts';
import { renderPairs } from './table.ts';
import { toLine, wrap } from './text.ts';

const TEXT_WIDTH = 76;

/** Everything worth knowing of a run that has ended, as lines: outcome, results, phases, warnings and what to do next. */
export function renderRunSummary(record: RunRecord, palette: Palette): string[] {
  return renderSummary(record, palette, { title: `Backup of ${record.plan}`, results: results(record), next: nextSteps(record) });
}

/** What differs between the kinds of runs. */
export interface SummaryParts {
  /** Beginning of the headline: `Backup of tracker`. */
  title: string;
  /** Results without a value are left out. */
  results: readonly (readonly [name: string, value: string | undefined])[];
  /** What to do next, each a line. */
  next: readonly string[];
}

/** A run that has ended as lines, whatever kind it is of. */
export function renderSummary(record: RunRecord, palette: Palette, parts: SummaryParts): string[] {
  return [
    headline(record, parts.title, palette),
    ...failureLines(record, palette),
    '',
    ...renderPairs(parts.results).map(indent),
    ...section('phases', phaseLines(record)),
    ...section('warnings', record.warnings.flatMap(bullet), palette.warning),
    ...section('next', parts.next),
  ];
}

const WORDS: Readonly<Record<Outcome | 'running', string>> = {
  succeeded: 'succeeded',
  partial: 'is partial: some files could not be read',
  failed: 'failed',
  cancelled: 'was cancelled',
  running: 'is still running',
};

function headline(record: RunRecord, title: string, palette: Palette): string {
  const durationMs = runDurationMs(record);
  const time = durationMs === undefined ? '' : ` after ${formatDuration(durationMs)}`;
  const text = `${title} ${WORDS[record.outcome]}${time}.`;
  if (record.outcome === 'succeeded') return palette.good(text);
  return record.outcome === 'failed' ? palette.bad(text) : palette.warning(text);
}

function failureLines({ failure }: RunRecord, palette: Palette): string[] {
  if (failure === undefined) return [];
  return wrap(`${failure.phase}: ${toLine(failure.message)} (${failure.type})`, TEXT_WIDTH).map((line) => palette.bad(line));
}

function results(record: RunRecord): (readonly [string, string | undefined])[] {
  const { snapshotId, bytesProcessed, bytesAdded, archive } = record;
  return [
    ['snapshot', snapshotId?.slice(0, 8)],
    ['processed', bytesProcessed === undefined ? undefined : formatBytes(bytesProcessed)],
    ['added', bytesAdded === undefined ? undefined : formatBytes(bytesAdded)],
    ['archive', archive === undefined ? undefined : `${archive.path} (${formatBytes(archive.bytes)})`],
    ['waited', waitText(record)],
    ['run', record.workflowId],
  ];
}

/** What kept a run from beginning when it was due: `7 h 00 min for a worker, 12 min 05 s for other runs`. */
export function waitText({ waitedForWorkerMs, waitedForTurnMs }: RunRecord): string | undefined {
  const parts = [
    ...(waitedForWorkerMs === undefined ? [] : [`${formatDuration(waitedForWorkerMs)} for a worker`]),
    ...(waitedForTurnMs === undefined ? [] : [`${formatDuration(waitedForTurnMs)} for other runs`]),
  ];
  return parts.length === 0 ? undefined : parts.join(', ');
}

function phaseLines({ phases }: RunRecord): string[] {
  return renderPairs(phases.map((phase) => [phase.name, describeEnd(phase)] as const)).map((line) => line.trimEnd());
}

function bullet(text: string): string[] {
  return wrap(toLine(text), TEXT_WIDTH - 4).map((line, index) => (index === 0 ? `- ${line}` : `  ${line}`));
}

function section(title: string, lines: readonly string[], paint: Paint = (text) => text): string[] {
  return lines.length === 0 ? [] : ['', paint(title), ...lines.map(indent)];
}

function indent(line: string): string {
  return `  ${line}`;
}
