import type { PhaseInput } from '../contract/activities.ts';
import type { PhaseResult, RotateArchivesResult } from '../contract/backup.ts';
import { rotateArchives as rotateArchivesOf } from './archive/rotate-archives.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { findPlan } from './open-run.ts';

/** Removes the expired archives of the plan. Safe to repeat. */
export async function rotateArchives(
  deps: ActivityDependencies,
  { run }: PhaseInput,
): Promise<Omit<RotateArchivesResult, keyof PhaseResult>> {
  const plan = findPlan(deps.configuration, run.plan);
  if (plan.archive === undefined) return { kept: 0, removed: 0 };
  return rotateArchivesOf(plan.archive, plan.name, new Date());
}
