import { lstat, realpath, rename, rm, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Programs } from '../../process/programs.ts';
import { ReplayFailed } from '../databases/chain/chain-format.ts';
import { isChain, replayedPath } from '../databases/chain/replayed-path.ts';
import { requireZstd } from '../databases/chain/zstd.ts';
import { replayChain as replayDump } from '../databases/mysql/incremental/replay.ts';
import { BASE_NAME } from '../databases/sqlite/incremental/chain.ts';
import { replayInPlace as replayDatabase } from '../databases/sqlite/incremental/replay.ts';
import type { PhaseContext } from '../phase.ts';
import { exists } from '../presence.ts';
import { hashFile } from '../stage/copy-file.ts';
import type { DatabaseFacts, Manifest } from '../stage/manifest.ts';
import { removeTree } from '../stage/remove-tree.ts';
import { type ContentDigest, contentDigestOf } from './content-digest.ts';

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

export interface ReplayContext {
  programs: Programs;
  context: PhaseContext;
  /** Fetches a path of the backup, relative to the directory, once more. */
  fetchAgain: (path: string) => Promise<void>;
}

/**
 * Makes the database or dump of a restored chain, and removes the chain. Safe to repeat. A chain of SQLite that does not give what was
 * backed up stays as it was fetched: the script in it makes of it what can be made.
 *
 * @returns what is wrong with it, if anything
 */
export async function replayInto(
  directory: string,
  { facts }: ChainSource,
  replaying: ReplayContext,
): Promise<string | undefined> {
  const path = join(directory, replayedPath(facts));
  const digest = contentDigestOf(facts);
  let actual: string;
  if (await exists(path)) {
    const { signal } = replaying.context;
    ({ sha256: actual } = await hashFile(path, { signal, hash: digest.hash() }));
  } else {
    const partial = partialPath(directory, facts);
    try {
      actual = await make(directory, { facts, partial, digest }, replaying);
    } catch (error) {
      if (error instanceof ReplayFailed) return `could not be made: ${error.message}`;
      throw error;
    }
    await rename(partial, path);
  }
  await removeTree(join(directory, facts.path));
  return actual === digest.expected ? undefined : `has ${digest.name} ${actual}, not ${digest.expected}`;
}

async function make(
  directory: string,
  { facts, partial: target, digest }: { facts: DatabaseFacts; partial: string; digest: ContentDigest },
  { programs, context, fetchAgain }: ReplayContext,
): Promise<string> {
  const chain = join(directory, facts.path);
  await requireOwn(directory, dirname(facts.path));
  const isBegun = await isPlainFile(target);
  if (facts.kind === 'mysql') {
    await requireZstd(programs, context.signal);
    return (await replayDump({ programs, directory: chain, target }, context)).sha256;
  }
  await requireOwn(directory, facts.path);
  const base = join(chain, BASE_NAME);
  const fetchBase = async () => {
    // What is in the partial is neither; empty, it still says that the base was gone.
    await truncate(target);
    // One that was fetched in part would be in the way of an archive's.
    await rm(base, { force: true });
    await fetchAgain(`${facts.path}/${BASE_NAME}`);
    await rm(target);
  };
  if (isBegun) await fetchBase();
  await moveBase(directory, `${facts.path}/${BASE_NAME}`, target);
  try {
    const made = await replayDatabase({ programs, directory: chain, target, bytes: facts.bytes }, context);
    if (made === digest.expected) return made;
    throw new ReplayFailed(`what the chain gives has ${digest.name} ${made}, not ${digest.expected}`);
  } catch (error) {
    if (error instanceof ReplayFailed) await fetchBase();
    throw error;
  }
}

/** What is written to, and changed, must be the tree's own. @throws {ReplayFailed} */
async function requireOwn(directory: string, path: string): Promise<void> {
  const own = join(directory, path);
  const real = await realpath(own).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new ReplayFailed(`${own} is missing`, { cause: error }) : error;
  });
  if (real !== join(await realpath(directory), path)) throw new ReplayFailed(`${own} is a symbolic link, or lies behind one`);
}

/** Whether there is one. @throws {ReplayFailed} when there is something else, as none of us makes it */
async function isPlainFile(path: string): Promise<boolean> {
  try {
    if ((await lstat(path)).isFile()) return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  throw new ReplayFailed(`${path} is no plain file`);
}

async function moveBase(directory: string, path: string, to: string): Promise<void> {
  await requireOwn(directory, path);
  const from = join(directory, path);
  if (await isPlainFile(from)) await rename(from, to);
}

function partialPath(directory: string, facts: DatabaseFacts): string {
  return `${join(directory, replayedPath(facts))}.partial`;
}
