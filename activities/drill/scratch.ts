import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Configuration, Plan } from '../../config/types.ts';
import type { RunReference } from '../../contract/backup.ts';
import { displayText } from '../input/display.ts';
import { PhaseError } from '../phase-error.ts';
import { holdsClaim } from '../run/claim.ts';
import { removeTree } from '../stage/remove-tree.ts';
import { endServersBelow } from './end-servers.ts';

/** Where a drill lays things out. All of it is thrown away. */
export interface Scratch {
  /** `<state_directory>/drill/<plan>` */
  readonly directory: string;
  /** The restored snapshot. */
  readonly snapshot: string;
  /** The unpacked archive. */
  readonly archive: string;
  /** What one database at a time is loaded into. */
  readonly database: string;
}

export function scratchOf({ stateDirectory }: Configuration, plan: Plan): Scratch {
  const directory = join(stateDirectory, 'drill', plan.name);
  return {
    directory,
    snapshot: join(directory, 'snapshot'),
    archive: join(directory, 'archive'),
    database: join(directory, 'database'),
  };
}

/** Directory of the claims of drills: a drill and a backup of a plan may overlap, two drills may not. */
export function drillClaimDirectory(plan: Plan): string {
  return join(plan.stateDirectory, 'drill');
}

/** Fails unless the drill holds its plan's scratch directory. @throws {PhaseError} PlanBusy */
export async function requireDrillClaim(plan: Plan, run: RunReference): Promise<void> {
  if (await holdsClaim(drillClaimDirectory(plan), run.runId)) return;
  throw new PhaseError(
    'PlanBusy',
    `drill ${displayText(run.workflowId)} no longer holds the scratch directory of plan ${plan.name}.`,
  );
}

/** Makes an empty directory that only the worker can read, in place of whatever an earlier attempt left. */
export async function emptyDirectory(directory: string): Promise<void> {
  await removeTree(directory);
  await mkdir(directory, { recursive: true, mode: 0o700 });
}

/** Ends servers that an earlier attempt left, then removes the scratch directory. Safe to repeat. */
export async function removeScratch({ directory }: Scratch): Promise<void> {
  await endServersBelow(directory);
  await removeTree(directory);
}
