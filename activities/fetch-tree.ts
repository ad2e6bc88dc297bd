import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PhaseResult } from '../contract/backup.ts';
import type { CompareTreeResult, FetchTreeInput, FetchTreeResult } from '../contract/restore.ts';
import { replayedPath } from './databases/chain/replayed-path.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { findPlan } from './open-run.ts';
import type { PhaseContext } from './phase.ts';
import { DOCUMENTS, fetchPaths } from './restore/fetch.ts';
import { readManifest, requireOwn } from './restore/read-manifest.ts';
import { type ChainSource, chainAt, chainsOf, isBegun, replayInto } from './restore/replay-chains.ts';
import { partialPath, preparePlace } from './restore/restore-place.ts';
import { entriesOf, entriesOfFile, sourcePlace } from './restore/source-entries.ts';
import { verifyTree } from './restore/verify-tree.ts';
import type { Manifest, ManifestEntry } from './stage/manifest.ts';

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
  const { file } = input;
  const places = (ids: readonly string[]) => ids.flatMap((id) => sourcePlace(manifest, id) ?? []);
  const chain = file === undefined ? undefined : chainAt(manifest, file);
  const wanted = file === undefined ? places(input.sources) : chain === undefined ? [file] : places([chain.id]);
  await fetchPaths(deps, { plan, origin: input.origin, target, paths: [...DOCUMENTS, ...wanted] }, context);
  const bytes = selected(manifest, input).reduce((sum, entry) => sum + (entry.bytes ?? 0), 0);
  return { bytes };
}

/**
 * Compares what was fetched with the manifest, and replays chains. A difference is a warning: on the worst day a tree with one file less is worth
 * having, as long as it says so.
 */
export async function compareTree(
  deps: ActivityDependencies,
  input: FetchTreeInput,
  context: PhaseContext,
): Promise<Omit<CompareTreeResult, keyof PhaseResult>> {
  const directory = partialPath(deps.configuration.restoreDirectory, input.run);
  const manifest = await readManifest(directory);
  const chains = chainsToReplay(manifest, input);
  const begun = await Promise.all(chains.map(async (chain) => ((await isBegun(directory, chain)) ? [chain.facts.path] : [])));
  const isBeingReplayed = ({ path }: ManifestEntry) => begun.flat().some((place) => path.startsWith(`${place}/`));
  const entries = selected(manifest, input).filter((entry) => !isBeingReplayed(entry));
  const compare = (compared: ManifestEntry[], unhashed?: (entry: ManifestEntry) => boolean) =>
    verifyTree(
      { directory, manifest: { ...manifest, entries: compared }, ...(unhashed === undefined ? {} : { unhashed }) },
      context,
    );
  const plan = findPlan(deps.configuration, input.run.plan);
  const fetchAgain = (path: string) =>
    fetchPaths(deps, { plan, origin: input.origin, target: directory, paths: [path] }, context);
  // What a chain gives is hashed while it is made, which proves all its files.
  const { files, bytes, problems } = await compare(entries, provenByReplay(chains));
  for (const chain of chains) {
    const isOfChain = ({ path }: { path: string }) => path.startsWith(`${chain.facts.path}/`);
    // What is not as it was backed up is left as it is: the script beside it makes of it what can be made.
    if (problems.some(isOfChain)) continue;
    const problem = await replayInto(directory, chain, { programs: deps.programs, context, fetchAgain });
    if (problem === undefined) continue;
    problems.push({ path: replayedPath(chain.facts), problem });
    if (chain.facts.kind === 'sqlite') problems.push(...(await compare(selected(manifest, input).filter(isOfChain))).problems);
  }
  for (const { path, problem } of problems.slice(0, MAX_LISTED)) context.warn(`${path} ${problem}`);
  if (problems.length > MAX_LISTED) context.warn(`and ${problems.length - MAX_LISTED} more files are not as they were backed up`);
  if (input.file !== undefined && problems.length === 0) await stat(join(directory, input.file));
  return { files, bytes, differences: problems.length };
}

function provenByReplay(chains: readonly ChainSource[]): (entry: ManifestEntry) => boolean {
  const places = chains.filter(({ facts }) => facts.kind === 'sqlite').map(({ facts }) => `${facts.path}/`);
  return ({ path }) => places.some((place) => path.startsWith(place));
}

function chainsToReplay(manifest: Manifest, { sources, file }: FetchTreeInput): ChainSource[] {
  if (file === undefined) return chainsOf(manifest, sources);
  const chain = chainAt(manifest, file);
  return chain === undefined ? [] : [chain];
}

function selected(manifest: Manifest, { sources, file }: FetchTreeInput): Manifest['entries'] {
  if (file !== undefined) return entriesOfFile(manifest, file);
  return entriesOf(manifest, new Set(sources));
}
