import type { ScheduleDescription } from '@temporalio/client';
import { type DesiredSchedule, HASH_MEMO } from './desired.ts';

/**
 * What becomes of a schedule: `stale` is one of ours that the configuration no longer asks for and that stays until it is
 * pruned.
 */
export type ScheduleChange = 'create' | 'update' | 'unchanged' | 'stale' | 'delete';

export interface ScheduleStep {
  id: string;
  change: ScheduleChange;
  /** Set for `create` and `update`. */
  desired?: DesiredSchedule;
  /** Set when an operator paused the schedule: the note that was left, which may be empty. */
  pausedNote?: string;
}

/** What is compared: a part of Temporal's description of a schedule. */
export type ActualSchedule = Pick<ScheduleDescription, 'scheduleId' | 'spec' | 'policies' | 'action' | 'state'>;

/** The steps from what is there to what is wanted, by id. `actual` holds schedules of the same host. */
export function diffSchedules(
  desired: readonly DesiredSchedule[],
  actual: readonly ActualSchedule[],
  { prune }: { prune: boolean },
): ScheduleStep[] {
  const found = new Map(actual.map((schedule) => [schedule.scheduleId, schedule]));
  const wantedIds = new Set(desired.map(({ id }) => id));
  const wanted = desired.map((schedule) => stepFor(schedule, found.get(schedule.id)));
  const unwanted = actual
    .filter((schedule) => !wantedIds.has(schedule.scheduleId) && isOurs(schedule))
    .map(
      (schedule): ScheduleStep => ({
        id: schedule.scheduleId,
        change: prune ? 'delete' : 'stale',
        ...pausedNote(schedule),
      }),
    );
  return [...wanted, ...unwanted].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** True when carrying the steps out would change anything. */
export function hasDifference(steps: readonly ScheduleStep[]): boolean {
  return steps.some(({ change }) => change === 'create' || change === 'update' || change === 'delete');
}

/** True for a schedule that this program made: an operator may have others under the same prefix. */
export function isOurs({ action }: Pick<ActualSchedule, 'action'>): boolean {
  return typeof action.memo?.[HASH_MEMO] === 'string';
}

function stepFor(desired: DesiredSchedule, actual: ActualSchedule | undefined): ScheduleStep {
  const { id } = desired;
  if (actual === undefined) return { id, change: 'create', desired };
  if (matches(desired, actual)) return { id, change: 'unchanged', ...pausedNote(actual) };
  return { id, change: 'update', desired, ...pausedNote(actual) };
}

function pausedNote({ state }: ActualSchedule): { pausedNote?: string } {
  return state.paused ? { pausedNote: state.note ?? '' } : {};
}

/** The hash tells whether the file has changed; the rest, whether somebody has edited the schedule since. */
function matches(desired: DesiredSchedule, actual: ActualSchedule): boolean {
  return actual.action.memo?.[HASH_MEMO] === desired.hash && hasOurTimes(desired, actual) && hasOurAction(desired, actual);
}

function hasOurTimes({ definition }: DesiredSchedule, { spec, policies }: ActualSchedule): boolean {
  const { timezone, jitter } = definition.spec;
  const { overlap, catchupWindow, pauseOnFailure } = definition.policies ?? {};
  const extra = [...(spec.intervals ?? []), ...(spec.skip ?? [])];
  const comments = (spec.calendars ?? []).map(({ comment }) => comment);
  return isEqual(
    [extra, comments, spec.timezone, spec.jitter ?? 0, policies.overlap, policies.catchupWindow, policies.pauseOnFailure],
    [[], [commentOf(definition)], timezone, jitter, overlap, catchupWindow, pauseOnFailure],
  );
}

function commentOf({ spec }: DesiredSchedule['definition']): string | undefined {
  return spec.cronExpressions?.[0]?.split(' # ', 2)[1];
}

function hasOurAction({ definition }: DesiredSchedule, { action }: ActualSchedule): boolean {
  const wanted = definition.action;
  return isEqual(
    [action.workflowType, action.taskQueue, action.workflowId, action.args],
    [wanted.workflowType, wanted.taskQueue, wanted.workflowId, wanted.args],
  );
}

function isEqual(a: unknown[], b: unknown[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
