import type { Outcome, RunRecord } from '../../contract/backup.ts';
import { runDurationMs } from '../runs/run-document.ts';
import { formatBytes, formatCount, formatDuration, formatTime } from './quantities.ts';
import { renderPairs } from './table.ts';
import { toLine, wrap } from './text.ts';

const TEXT_WIDTH = 76;

const WORDS: Readonly<Record<Outcome | 'running', string>> = {
  succeeded: 'succeeded',
  partial: 'is partial: not every file is as it was backed up',
  failed: 'failed; what it had fetched was removed',
  cancelled: 'was cancelled; what it had fetched was removed',
  running: 'is still running',
};

/** How a restore ended, as lines: outcome, where everything is, warnings. */
export function renderRestoreSummary(record: RunRecord): string[] {
  const durationMs = runDurationMs(record);
  const time = durationMs === undefined ? '' : ` after ${formatDuration(durationMs)}`;
  const { failure, warnings } = record;
  return [
    `Restore of ${record.plan} ${WORDS[record.outcome]}${time}.`,
    ...(failure === undefined ? [] : wrap(`${failure.phase}: ${toLine(failure.message)} (${failure.type})`, TEXT_WIDTH)),
    '',
    ...renderPairs(results(record)).map((line) => `  ${line}`),
    ...(warnings.length === 0 ? [] : ['', 'warnings', ...warnings.flatMap(bullet)]),
  ];
}

function results({ restored, outcome, workflowId }: RunRecord): (readonly [string, string | undefined])[] {
  const isDone = outcome === 'succeeded' || outcome === 'partial';
  if (restored === undefined) return [['run', workflowId]];
  return [
    ['path', restored.path],
    ['snapshot', restored.snapshotId?.slice(0, 8)],
    ['archive', restored.archive],
    ['backed up', formatTime(restored.time)],
    ['restored', isDone ? `${formatCount(restored.files, 'file')}, ${formatBytes(restored.bytes)}` : undefined],
    ['verified', isDone ? (restored.verified ? 'each file is as it was backed up' : 'NO, see the warnings') : undefined],
    ...restored.kept.map((path) => ['kept', path] as const),
    ['run', workflowId],
  ];
}

function bullet(text: string): string[] {
  return wrap(toLine(text), TEXT_WIDTH - 4).map((line, index) => (index === 0 ? `  - ${line}` : `    ${line}`));
}
