import { type PhaseResult, sourceId } from '../../contract/backup.ts';
import type { CheckResult, VerifyDatabaseInput } from '../../contract/verify.ts';
import { isChain } from '../databases/chain/replayed-path.ts';
import type { Databases } from '../databases/registry.ts';
import type { ActivityDependencies } from '../dependencies.ts';
import { findPlan } from '../open-run.ts';
import type { PhaseContext } from '../phase.ts';
import { PhaseError } from '../phase-error.ts';
import { readManifest } from '../restore/read-manifest.ts';
import { restoredFile } from '../restore/restored-file.ts';
import type { DatabaseFacts } from '../stage/manifest.ts';
import { removeTree } from '../stage/remove-tree.ts';
import { endServersBelow } from './end-servers.ts';
import { emptyDirectory, requireDrillClaim, scratchOf } from './scratch.ts';

/** Brings one restored database to life and looks at it. Safe to repeat: it starts from an empty directory. */
export async function verifyDatabase(
  deps: ActivityDependencies & { databases: Databases },
  { run, source }: VerifyDatabaseInput,
  context: PhaseContext,
): Promise<Omit<CheckResult, keyof PhaseResult>> {
  const plan = findPlan(deps.configuration, run.plan);
  await requireDrillClaim(plan, run);
  const scratch = scratchOf(deps.configuration, plan);
  const id = sourceId(source);
  const facts = (await readManifest(scratch.snapshot)).sources[id];
  if (facts === undefined || facts.kind === 'files') {
    throw new PhaseError('Unexpected', `the manifest of the restored snapshot has no database ${id} any more.`);
  }
  const found = await findDump(scratch.snapshot, facts);
  if ('problem' in found) return { checks: [{ name: `${id} dump`, status: 'fail', message: found.problem }] };
  const { file } = found;
  await endServersBelow(scratch.database);
  await emptyDirectory(scratch.database);
  try {
    const { verification } = plan;
    const restored = { source, file, facts, scratchDirectory: scratch.database, verification, runId: run.runId };
    return { checks: await deps.databases.verifyRestored(restored, context) };
  } finally {
    await removeTree(scratch.database);
  }
}

async function findDump(tree: string, facts: DatabaseFacts): Promise<{ file: string } | { problem: string }> {
  try {
    return { file: await restoredFile(tree, facts.path, isChain(facts) ? 'directory' : 'file') };
  } catch (error) {
    if (!(error instanceof PhaseError)) throw error;
    return { problem: error.message };
  }
}
