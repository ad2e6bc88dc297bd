import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plan } from '../../config/types.ts';
import { type PhaseResult, sourceId } from '../../contract/backup.ts';
import type { Check, CheckResult, DrillInput } from '../../contract/verify.ts';
import type { ActivityDependencies } from '../dependencies.ts';
import { findPlan } from '../open-run.ts';
import type { PhaseContext } from '../phase.ts';
import { readManifest } from '../restore/read-manifest.ts';
import type { Manifest } from '../stage/manifest.ts';
import { compareTree } from './compare-tree.ts';
import { requireDrillClaim, scratchOf } from './scratch.ts';

/** Compares every restored file with the manifest, and looks whether the required ones and all sources of the plan are there. */
export async function verifyFiles(
  deps: ActivityDependencies,
  { run }: DrillInput,
  context: PhaseContext,
): Promise<Omit<CheckResult, keyof PhaseResult>> {
  const plan = findPlan(deps.configuration, run.plan);
  await requireDrillClaim(plan, run);
  const { snapshot: directory } = scratchOf(deps.configuration, plan);
  const manifest = await readManifest(directory);
  const tree = await compareTree({ name: 'files', directory, manifest }, context);
  const required = await Promise.all((plan.verification?.requiredFiles ?? []).map((path) => checkRequired(directory, path)));
  return { checks: [tree, ...required, ...missingSources(plan, manifest)] };
}

async function checkRequired(directory: string, path: string): Promise<Check> {
  const name = `required file ${path}`;
  const isThere = await lstat(join(directory, path)).then(
    () => true,
    () => false,
  );
  if (isThere) return { name, status: 'pass' };
  const message = 'the snapshot lacks it. Does a source of the plan take it in, and is it on the host?';
  return { name, status: 'fail', message };
}

/** A source that came into the plan after the snapshot was made. */
function missingSources(plan: Plan, { sources }: Manifest): Check[] {
  return plan.sources
    .map((source) => sourceId(source))
    .filter((id) => sources[id] === undefined)
    .map((id) => ({
      name: `${id} restore`,
      status: 'skipped',
      message: `the snapshot was made before this source came into the plan. Make a newer one: holdfast backup ${plan.name}`,
    }));
}
