import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Programs } from '../../../../process/programs.ts';
import type { PhaseContext } from '../../../phase.ts';
import { CHAIN_NAME, ReplayFailed } from '../../chain/chain-format.ts';
import { readRestoredChain } from '../../chain/restored-chain.ts';
import { BASE_NAME, type Chain, chainSchema } from './chain.ts';
import type { DeltaReader } from './delta-reader.ts';
import { openDelta } from './open-delta.ts';
import { Originals } from './originals.ts';
import { ReplayPass, reading } from './replay-pass.ts';

/** A restored chain, and what makes a database of it. */
interface ReplayJob {
  programs: Programs;
  /** Of the chain. */
  directory: string;
  /** Where the database goes. */
  target: string;
  /** That the database has, by what else is known of it. */
  bytes: number;
}

/**
 * Makes the database of a restored chain beside it, in one pass: each block of the base takes the changes of all deltas, which are read
 * side by side, and is hashed and written once.
 *
 * Safe to repeat: the chain stays as it is, and what is at `target` is replaced.
 *
 * @returns the SHA-256 of the digests of the pages that were made (PagesHash), whatever it should be
 * @throws {ReplayFailed}
 */
export async function replayChain(job: ReplayJob, context: PhaseContext): Promise<string> {
  const chain = await readRestoredChain(job.directory, chainSchema);
  const base = await openPart(join(job.directory, BASE_NAME), 'r');
  try {
    // What lies there may be a link that leads elsewhere.
    await rm(job.target, { force: true });
    const to = await open(job.target, 'wx', 0o600);
    try {
      return await replay(job, { chain, base, to, originals: undefined }, context);
    } finally {
      await to.close();
    }
  } finally {
    await base.close();
  }
}

/**
 * Makes a base, which lies at `target` and no longer in its chain, into the database: what has not changed is only read, and there is
 * need of no room for a second file.
 *
 * @returns the SHA-256 of the digests of the pages that were made (PagesHash), whatever it should be
 * @throws {ReplayFailed} with the base half changed
 */
export async function replayInPlace(job: ReplayJob, context: PhaseContext): Promise<string> {
  const chain = await readRestoredChain(job.directory, chainSchema);
  const base = await openPart(job.target, 'r+');
  try {
    const pages = Math.floor((await base.stat()).size / chain.page_size);
    const originals = await Originals.open(base, `${job.target}.originals`, { pageSize: chain.page_size, pages });
    try {
      return await replay(job, { chain, base, to: base, originals }, context);
    } finally {
      await originals.close();
    }
  } finally {
    await base.close();
  }
}

interface ReplayFiles {
  chain: Chain;
  base: FileHandle;
  to: FileHandle;
  originals: Originals | undefined;
}

async function replay(
  { programs, directory, bytes }: ReplayJob,
  { chain, ...files }: ReplayFiles,
  context: PhaseContext,
): Promise<string> {
  const { deltas, database, page_size: pageSize } = chain;
  // What a chain says of itself may be anything, and would be made.
  if (database.bytes !== bytes) throw new ReplayFailed(`its ${CHAIN_NAME} is of a database of another size`);
  const basePages = Math.floor((await files.base.stat()).size / pageSize);
  const onProgress = (bytesDone: number) =>
    context.report({ phase: 'replay', bytesDone, bytesTotal: bytes, percent: Math.floor((100 * bytesDone) / bytes) });
  const readers: { name: string; reader: DeltaReader }[] = [];
  try {
    for (const file of deltas) {
      await (await openPart(join(directory, file.name), 'r')).close();
      readers.push({
        name: file.name,
        reader: openDelta({ programs, directory, pageSize, basePages }, file, context.signal),
      });
    }
    if (files.originals !== undefined) await keepOriginals(files.originals, readers);
    return await new ReplayPass({ ...files, readers, pageSize, basePages, bytes }).run({ signal: context.signal, onProgress });
  } finally {
    await Promise.all(readers.map(({ reader }) => reader.close()));
  }
}

/** Before a page is changed it is known of all deltas whether they copy from it. */
async function keepOriginals(originals: Originals, readers: readonly { name: string; reader: DeltaReader }[]): Promise<void> {
  for (const { name, reader } of readers) {
    await reading(name, async () => {
      await reader.ready();
      originals.keep(reader.kept);
    });
  }
}

async function openPart(path: string, flags: 'r' | 'r+'): Promise<FileHandle> {
  return open(path, flags).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new ReplayFailed(`${path} is missing`, { cause: error }) : error;
  });
}
