import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Programs } from '../../process/programs.ts';
import { ReplayFailed } from '../databases/chain/chain-format.ts';
import { isChain, replayedPath } from '../databases/chain/replayed-path.ts';
import { requireZstd } from '../databases/chain/zstd.ts';
import { replayChain as replayDump } from '../databases/mysql/incremental/replay.ts';
import { baseAlone, replayChain as replayDatabase } from '../databases/sqlite/incremental/replay.ts';
import type { PhaseContext } from '../phase.ts';
import { exists } from '../presence.ts';
import { hashFile } from '../stage/copy-file.ts';
import type { DatabaseFacts, Manifest } from '../stage/manifest.ts';
import { removeTree } from '../stage/remove-tree.ts';

/** A source of a backup that lies there as a chain. */
export interface ChainSource {
  id: string;
  facts: DatabaseFacts;
}

/** Those of the given sources that are chains. */
export function chainsOf(manifest: Manifest, ids: readonly string[]): ChainSource[] {
  return ids.flatMap((id) => {
    const facts = manifest.sources[id];
    return isChain(facts) ? [{ id, facts }] : [];
  });
}

/** The chain whose database a path stands for: `sqlite/tracker.db`, which is in no backup but can be made of one. */
export function chainAt(manifest: Manifest, path: string): ChainSource | undefined {
  return chainsOf(manifest, Object.keys(manifest.sources)).find(({ facts }) => replayedPath(facts) === path);
}

/** Whether an attempt that died has begun to replay it: then it was compared, and its files may be gone by and by. */
export async function isBegun(directory: string, { facts }: ChainSource): Promise<boolean> {
  return (await exists(partialPath(directory, facts))) || exists(join(directory, replayedPath(facts)));
}

/**
 * Makes the database of a restored chain beside it, and removes the chain. Safe to repeat. A chain of SQLite that does not give what was
 * backed up stays as it is: the script beside it makes of it what can be made.
 *
 * @returns what is wrong with it, if anything
 */
export async function replayInto(
  directory: string,
  { facts }: ChainSource,
  { programs, context }: { programs: Programs; context: PhaseContext },
): Promise<string | undefined> {
  const path = join(directory, replayedPath(facts));
  const chain = join(directory, facts.path);
  const partial = partialPath(directory, facts);
  let made: Made;
  try {
    made = (await exists(path)) ? await hashed(path, context) : await make(programs, { facts, chain, partial }, context);
  } catch (error) {
    if (error instanceof ReplayFailed) return `could not be made: ${error.message}`;
    throw error;
  }
  const { sha256 } = made;
  if (made.path !== path) {
    if (facts.kind === 'sqlite' && sha256 !== facts.sha256) {
      await rm(partial, { force: true });
      return `could not be made: what the chain gives has SHA-256 ${sha256}, not ${facts.sha256}`;
    }
    await rename(made.path, path);
  }
  await removeTree(chain);
  return sha256 === facts.sha256 ? undefined : `has SHA-256 ${sha256}, not ${facts.sha256}`;
}

/** A database or dump that lies at `path`, which may be within its chain. */
interface Made {
  path: string;
  sha256: string;
}

async function make(
  programs: Programs,
  { facts, chain, partial: target }: { facts: DatabaseFacts; chain: string; partial: string },
  context: PhaseContext,
): Promise<Made> {
  if (facts.kind === 'mysql') {
    await requireZstd(programs, context.signal);
    return { path: target, ...(await replayDump({ programs, directory: chain, target }, context)) };
  }
  const base = await baseAlone(chain);
  // To write it once more would take longer than the rest of such a restore.
  if (base !== undefined) return hashed(base, context);
  return { path: target, ...(await replayDatabase({ programs, directory: chain, target }, context)) };
}

async function hashed(path: string, context: PhaseContext): Promise<Made> {
  const onProgress = (bytesDone: number) => context.report({ phase: 'replay', bytesDone });
  return { path, ...(await hashFile(path, { signal: context.signal, onProgress })) };
}

function partialPath(directory: string, facts: DatabaseFacts): string {
  return `${join(directory, replayedPath(facts))}.partial`;
}
