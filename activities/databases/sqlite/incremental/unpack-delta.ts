import { readSync, writeSync } from 'node:fs';
import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Programs } from '../../../../process/programs.ts';
import type { PhaseContext } from '../../../phase.ts';
import { exists } from '../../../presence.ts';
import { ReplayFailed } from '../../chain/chain-format.ts';
import { Breath } from './breath.ts';
import type { ChainDelta } from './chain.ts';
import { removePart, unpackArguments } from './pack-delta.ts';

interface Place {
  programs: Programs;
  /** Of the chain. */
  directory: string;
  /** The database as all deltas before this one have made it: what its parts were made against. */
  database: string;
  pageSize: number;
}

/**
 * Makes a log of the parts of a packed delta, in the directory of the chain, and removes the parts. Safe to repeat: once the log is
 * whole it is not made again, for then the database may be beyond what the parts were made against.
 *
 * @throws {ReplayFailed}
 */
export async function unpackDelta(
  place: Place,
  { name, parts = [] }: Pick<ChainDelta, 'name' | 'parts'>,
  context: PhaseContext,
): Promise<void> {
  const { directory } = place;
  const log = join(directory, name);
  const [first] = parts;
  if (!(await exists(log)) && first !== undefined && (await exists(join(directory, first.list.name)))) {
    const partial = `${log}.partial`;
    const file = await open(partial, 'w', 0o600);
    try {
      for (const part of parts) await unpackPart({ ...place, log: file }, part, context);
    } finally {
      await file.close();
    }
    await rename(partial, log);
  }
  // The first one last: it says that there is something to unpack.
  for (const part of parts.toReversed()) await removePart(directory, part);
}

async function unpackPart(
  { programs, directory, database, pageSize, log }: Place & { log: FileHandle },
  { list, patch }: NonNullable<ChainDelta['parts']>[number],
  context: PhaseContext,
): Promise<void> {
  const old = `${database}.old`;
  await writeOld({ database, pageSize, old }, join(directory, list.name), context);
  try {
    const { exitCode, stderr } = await programs.run({
      program: 'zstd',
      args: unpackArguments(old, join(directory, patch.name)),
      signal: context.signal,
      consume: async (stdout) => {
        for await (const chunk of stdout) await log.writeFile(chunk);
      },
    });
    if (exitCode !== 0) throw new ReplayFailed(`zstd cannot unpack ${patch.name}: ${stderr}`);
  } finally {
    await rm(old, { force: true });
  }
}

async function writeOld(
  { database, pageSize, old }: { database: string; pageSize: number; old: string },
  list: string,
  context: PhaseContext,
): Promise<void> {
  const text = await readFile(list, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new ReplayFailed(`${list} is missing`, { cause: error }) : error;
  });
  const breath = new Breath();
  const from = await open(database, 'r');
  const to = await open(old, 'w', 0o600);
  try {
    for (const line of text.trimEnd().split('\n')) {
      const [first = 0, count = 0] = line.split(' ').map(Number);
      const pages = Buffer.alloc(count * pageSize);
      const bytesRead = readSync(from.fd, pages, 0, pages.length, (first - 1) * pageSize);
      writeSync(to.fd, pages, 0, bytesRead);
      await breath.take(context.signal);
    }
  } finally {
    await from.close();
    await to.close();
  }
}
