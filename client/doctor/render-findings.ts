import type { Finding, FindingLevel } from '../../contract/inspect.ts';
import type { Paint, Palette } from '../rendering/palette.ts';
import { formatCount } from '../rendering/quantities.ts';

const LEVEL_WIDTH = 'problem'.length;

/** Findings as lines: level, subject, message, and the advice below it. The last line counts. */
export function renderFindings(findings: readonly Finding[], palette: Palette): string[] {
  const paint: Record<FindingLevel, Paint> = {
    ok: palette.good,
    warning: palette.warning,
    problem: palette.bad,
  };
  const lines = findings.flatMap(({ level, subject, message, advice }) => {
    const indent = ' '.repeat(LEVEL_WIDTH + 2);
    // A configuration's problems come as several lines.
    const [first = '', ...others] = message.split('\n');
    return [
      `${paint[level](level.padEnd(LEVEL_WIDTH))}  ${palette.strong(subject)}: ${first}`,
      ...others.map((line) => `${indent}${line}`),
      ...(advice?.split('\n').map((line) => `${indent}→ ${line}`) ?? []),
    ];
  });
  const count = (level: FindingLevel) => findings.filter((finding) => finding.level === level).length;
  return [...lines, '', `${formatCount(count('problem'), 'problem')}, ${formatCount(count('warning'), 'warning')}`];
}
