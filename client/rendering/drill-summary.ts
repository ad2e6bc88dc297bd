import { drillOutcome } from '../../contract/drill-document.ts';
import type { Check, DrillRecord } from '../../contract/verify.ts';
import type { Palette } from './palette.ts';
import { formatAge, formatBytes, formatCount, formatDuration } from './quantities.ts';
import { renderPairs } from './table.ts';
import { toLine, wrap } from './text.ts';

const TEXT_WIDTH = 76;

const WORDS: Readonly<Record<ReturnType<typeof drillOutcome>, string>> = {
  pass: 'passed',
  fail: 'failed',
  degraded: 'passed in part: something could not be tried',
  cancelled: 'was cancelled',
  running: 'is still running',
};

/** Everything worth knowing of a drill that has ended, as lines: outcome, measures, and each check. */
export function renderDrillSummary(record: DrillRecord, palette: Palette): string[] {
  const outcome = drillOutcome(record);
  const paint = outcome === 'pass' ? palette.good : outcome === 'fail' ? palette.bad : palette.warning;
  const { checks } = record.drill;
  return [
    paint(`Drill of ${record.plan} ${WORDS[outcome]}.`),
    ...failureLines(record, palette),
    '',
    ...renderPairs(measures(record)).map((line) => `  ${line}`),
    ...(checks.length === 0 ? [] : ['', `checks (${tally(checks)})`, ...checks.flatMap((check) => checkLines(check, palette))]),
    ...record.warnings.flatMap((warning) => wrap(`- ${toLine(warning)}`, TEXT_WIDTH)),
  ];
}

function failureLines({ failure }: DrillRecord, palette: Palette): string[] {
  // The checks below say it better.
  if (failure === undefined || failure.type === 'DrillFailed') return [];
  return wrap(`${failure.phase}: ${toLine(failure.message)} (${failure.type})`, TEXT_WIDTH).map((line) => palette.bad(line));
}

function measures({ drill, snapshotId, workflowId }: DrillRecord): (readonly [string, string | undefined])[] {
  const { snapshotAgeMs, restoreMs, files, bytes } = drill;
  const size = files === undefined || bytes === undefined ? '' : `, ${formatCount(files, 'file')}, ${formatBytes(bytes)}`;
  const age = snapshotAgeMs === undefined ? '' : `, ${formatAge(snapshotAgeMs)} old`;
  return [
    ['snapshot', snapshotId === undefined ? undefined : `${snapshotId.slice(0, 8)}${age}`],
    ['restored', restoreMs === undefined ? undefined : `in ${formatDuration(restoreMs)}${size}`],
    ['evidence', drill.evidencePath],
    ['run', workflowId],
  ];
}

function tally(checks: readonly Check[]): string {
  const words = { pass: 'passed', fail: 'failed', skipped: 'skipped' } as const;
  return (['pass', 'fail', 'skipped'] as const)
    .map((status) => [status, checks.filter((check) => check.status === status).length] as const)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${count} ${words[status]}`)
    .join(', ');
}

function checkLines(check: Check, palette: Palette): string[] {
  const [mark, paint] = markOf(check, palette);
  const found = check.actual === undefined ? '' : `  ${check.actual}`;
  const expected = check.status === 'fail' && check.expected !== undefined ? `, expected ${check.expected}` : '';
  const message = check.message === undefined ? [] : wrap(toLine(check.message), TEXT_WIDTH - 6).map((line) => `      ${line}`);
  return [`  ${paint(mark)} ${toLine(`${check.name}${found}${expected}`)}`, ...message];
}

function markOf({ status }: Check, palette: Palette): [string, (text: string) => string] {
  switch (status) {
    case 'pass':
      return ['✓', palette.good];
    case 'fail':
      return ['✗', palette.bad];
    case 'skipped':
      return ['-', palette.warning];
  }
}
