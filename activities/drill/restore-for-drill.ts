import type { PhaseResult, SourceReference } from '../../contract/backup.ts';
import type { Check, RestoreForDrillInput, RestoreForDrillResult } from '../../contract/verify.ts';
import { createRedactor } from '../../process/redaction.ts';
import type { ActivityDependencies } from '../dependencies.ts';
import { findPlan } from '../open-run.ts';
import type { PhaseContext } from '../phase.ts';
import { PhaseError } from '../phase-error.ts';
import { createRestic } from '../restic/restic.ts';
import { readManifest, requireOwn } from '../restore/read-manifest.ts';
import type { Manifest } from '../stage/manifest.ts';
import { emptyDirectory, requireDrillClaim, scratchOf } from './scratch.ts';

type Restored = Omit<RestoreForDrillResult, keyof PhaseResult>;

/**
 * Restores the snapshot into the scratch directory and measures how long that takes. Content that the repository has lost, or a
 * snapshot without a manifest, is a check that failed: everything else is a failure of the phase and may be tried again.
 *
 * Safe to repeat: it starts from an empty directory.
 */
export async function restoreForDrill(
  deps: ActivityDependencies,
  { run, snapshotId }: RestoreForDrillInput,
  context: PhaseContext,
): Promise<Restored> {
  const { configuration, programs } = deps;
  const plan = findPlan(configuration, run.plan);
  await requireDrillClaim(plan, run);
  const { snapshot: target } = scratchOf(configuration, plan);
  await emptyDirectory(target);
  const restic = createRestic({ programs, repository: plan.repository, stateDirectory: configuration.stateDirectory, context });
  const startedAt = performance.now();
  const elapsed = () => Math.round(performance.now() - startedAt);
  try {
    const { files_restored: files, bytes_restored: bytes } = await restic.restore({ snapshotId, target });
    const restoreMs = elapsed();
    const manifest = await readManifest(target);
    requireOwn(manifest, configuration.host, plan.name);
    const checks: Check[] = [{ name: 'restore', status: 'pass' }];
    return { isRestored: true, restoreMs, files, bytes, checks, databases: databasesOf(manifest) };
  } catch (error) {
    const name = nameOfFinding(error);
    if (name === undefined) throw error;
    const message = createRedactor([])((error as PhaseError).message);
    return {
      isRestored: false,
      restoreMs: elapsed(),
      files: 0,
      bytes: 0,
      checks: [{ name, status: 'fail', message }],
      databases: [],
    };
  }
}

function nameOfFinding(error: unknown): string | undefined {
  if (!(error instanceof PhaseError)) return undefined;
  if (error.type === 'RepositoryDamaged') return 'restore';
  return error.type === 'DumpRejected' ? 'manifest' : undefined;
}

function databasesOf({ sources }: Manifest): SourceReference[] {
  return Object.entries(sources).flatMap(([id, { kind }]) =>
    kind === 'files' ? [] : [{ kind, name: id.slice(kind.length + 1) }],
  );
}
