import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PhaseResult } from '../contract/backup.ts';
import type { CompareTreeResult, FetchTreeInput, FetchTreeResult } from '../contract/restore.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { findPlan } from './open-run.ts';
import type { PhaseContext } from './phase.ts';
import { DOCUMENTS, fetchPaths } from './restore/fetch.ts';
import { readManifest, requireOwn } from './restore/read-manifest.ts';
import { partialPath, preparePlace } from './restore/restore-place.ts';
import { entriesOf, sourcePlace } from './restore/source-entries.ts';
import { verifyTree } from './restore/verify-tree.ts';
import type { Manifest } from './stage/manifest.ts';

/** Differences that a restore lists. */
const MAX_LISTED = 19;

/** Fetches the sources of a backup into the place of this restore. Safe to repeat: it begins with an empty place. */
export async function fetchTree(
  deps: ActivityDependencies,
  input: FetchTreeInput,
  context: PhaseContext,
): Promise<Omit<FetchTreeResult, keyof PhaseResult>> {
  const plan = findPlan(deps.configuration, input.run.plan);
  const { restoreDirectory } = deps.configuration;
  const manifest = await readManifest(partialPath(restoreDirectory, input.run)).catch(async () => {
    const place = await preparePlace(restoreDirectory, input.run);
    await fetchPaths(deps, { plan, origin: input.origin, target: place, paths: DOCUMENTS }, context);
    return readManifest(place);
  });
  requireOwn(manifest, deps.configuration.host, plan.name);
  const target = await preparePlace(restoreDirectory, input.run);
  const wanted = input.file === undefined ? input.sources.flatMap((id) => sourcePlace(manifest, id) ?? []) : [input.file];
  await fetchPaths(deps, { plan, origin: input.origin, target, paths: [...DOCUMENTS, ...wanted] }, context);
  const bytes = selected(manifest, input).reduce((sum, entry) => sum + (entry.bytes ?? 0), 0);
  return { bytes };
}

/**
 * Compares what was fetched with the manifest. A difference is a warning: on the worst day a tree with one file less is worth
 * having, as long as it says so.
 */
export async function compareTree(
  deps: ActivityDependencies,
  input: FetchTreeInput,
  context: PhaseContext,
): Promise<Omit<CompareTreeResult, keyof PhaseResult>> {
  const directory = partialPath(deps.configuration.restoreDirectory, input.run);
  const manifest = await readManifest(directory);
  const { files, bytes, problems } = await verifyTree(
    { directory, manifest: { ...manifest, entries: selected(manifest, input) } },
    context,
  );
  for (const { path, problem } of problems.slice(0, MAX_LISTED)) context.warn(`${path} ${problem}`);
  if (problems.length > MAX_LISTED) context.warn(`and ${problems.length - MAX_LISTED} more files are not as they were backed up`);
  if (input.file !== undefined) await stat(join(directory, input.file));
  return { files, bytes, differences: problems.length };
}

function selected(manifest: Manifest, { sources, file }: FetchTreeInput): Manifest['entries'] {
  if (file !== undefined) return manifest.entries.filter(({ path }) => path === file);
  return entriesOf(manifest, new Set(sources));
}
