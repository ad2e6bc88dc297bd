import type { PhaseInput } from '../contract/activities.ts';
import type { PhaseResult, RotateArchivesResult } from '../contract/backup.ts';
import { rotateArchives as rotateArchivesOf } from './archive/rotate-archives.ts';
import { doubtClock } from './clock.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { findPlan } from './open-run.ts';
import type { PhaseContext } from './phase.ts';

/** Removes the expired archives of the plan, unless it is doubtful what time it is. Safe to repeat. */
export async function rotateArchives(
  deps: ActivityDependencies,
  { run }: PhaseInput,
  context: PhaseContext,
): Promise<Omit<RotateArchivesResult, keyof PhaseResult>> {
  const plan = findPlan(deps.configuration, run.plan);
  if (plan.archive === undefined) return { kept: 0, removed: 0 };
  const { kept, removed, doubt } = await rotateArchivesOf(plan.archive, plan.name, {
    now: new Date(context.now()),
    doubt: doubtClock(context),
  });
  if (doubt !== undefined) context.warn(`no expired archive of plan ${plan.name} was removed: ${doubt}.`);
  return { kept, removed };
}
