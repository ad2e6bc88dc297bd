import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PhaseResult } from '../../contract/backup.ts';
import type { Check, CheckResult, DrillInput } from '../../contract/verify.ts';
import { parseArchiveName } from '../archive/archive-name.ts';
import { unpackArchive } from '../archive/unpack-archive.ts';
import type { ActivityDependencies } from '../dependencies.ts';
import { findPlan } from '../open-run.ts';
import type { PhaseContext } from '../phase.ts';
import { PhaseError } from '../phase-error.ts';
import { exists } from '../presence.ts';
import { readManifest } from '../restore/read-manifest.ts';
import { removeTree } from '../stage/remove-tree.ts';
import { compareTree } from './compare-tree.ts';
import { emptyDirectory, requireDrillClaim, scratchOf } from './scratch.ts';

/**
 * Unpacks the newest local archive and compares it with its own manifest. The restored snapshot is removed first: by now it has been
 * looked at, and the disk need not hold both.
 */
export async function verifyArchive(
  deps: ActivityDependencies,
  { run }: DrillInput,
  context: PhaseContext,
): Promise<Omit<CheckResult, keyof PhaseResult>> {
  const plan = findPlan(deps.configuration, run.plan);
  await requireDrillClaim(plan, run);
  if (plan.archive === undefined) return { checks: [] };
  const scratch = scratchOf(deps.configuration, plan);
  await removeTree(scratch.snapshot);
  const { directory } = plan.archive;
  for (;;) {
    const newest = await findNewest(directory, plan.name);
    if (newest === undefined) return { checks: [noArchive(directory, plan.name)] };
    const path = join(directory, newest);
    await emptyDirectory(scratch.archive);
    const check = await checkArchive(deps, { path, name: `archive ${newest}`, target: scratch.archive }, context);
    await removeTree(scratch.archive);
    // A backup beside this drill may have rotated it away meanwhile.
    if (check.status === 'pass' || (await exists(path))) return { checks: [check] };
  }
}

async function checkArchive(
  { programs }: ActivityDependencies,
  { path, name, target }: { path: string; name: string; target: string },
  context: PhaseContext,
): Promise<Check> {
  try {
    await unpackArchive({ programs, context }, path, target);
    return await compareTree({ name, directory: target, manifest: await readManifest(target) }, context);
  } catch (error) {
    if (!(error instanceof PhaseError && error.type === 'DumpRejected')) throw error;
    return { name, status: 'fail', message: error.message.slice(0, 1_000) };
  }
}

async function findNewest(directory: string, plan: string): Promise<string | undefined> {
  const names = await readdir(directory).catch(() => []);
  const archives = names.flatMap((name) => parseArchiveName(name, plan) ?? []);
  return archives.sort((a, b) => b.startedAtMs - a.startedAtMs)[0]?.name;
}

function noArchive(directory: string, plan: string): Check {
  const message = `there is no archive in ${directory}. Is its disk mounted? Make one: holdfast backup ${plan}`;
  return { name: 'archive', status: 'skipped', message };
}
