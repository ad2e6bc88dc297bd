import { renderPairs } from '../rendering/table.ts';
import { toLine } from '../rendering/text.ts';
import { hasDifference, type ScheduleStep } from './diff.ts';

/** Steps as lines, one each, with the word for what is done first. */
export function renderSteps(steps: readonly ScheduleStep[]): string[] {
  if (steps.length === 0) return ['no plan has a schedule: nothing to do'];
  const lines = renderPairs(steps.map((step) => [step.change, `${step.id}${pausedText(step)}`] as const));
  const hasStale = steps.some(({ change }) => change === 'stale');
  return hasStale ? [...lines, '', 'stale: no longer in the configuration, but still there; apply --prune deletes it'] : lines;
}

/** Steps as `apply --json` prints them. */
export function toStepsDocument(steps: readonly ScheduleStep[], { isDryRun }: { isDryRun: boolean }): unknown {
  return {
    dry_run: isDryRun,
    has_difference: hasDifference(steps),
    schedules: steps.map(({ id, change, pausedNote }) => ({ id, change, paused: pausedNote !== undefined })),
  };
}

function pausedText({ pausedNote }: ScheduleStep): string {
  if (pausedNote === undefined) return '';
  return pausedNote === '' ? '  (stays paused)' : `  (stays paused: ${toLine(pausedNote)})`;
}
