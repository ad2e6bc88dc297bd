import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Programs } from '../../../../process/programs.ts';
import type { PhaseContext } from '../../../phase.ts';
import { exists } from '../../../presence.ts';
import { type HashResult, hashFile } from '../../../stage/copy-file.ts';
import { ReplayFailed } from '../../chain/chain-format.ts';
import { readRestoredChain } from '../../chain/restored-chain.ts';
import { BASE_NAME, chainSchema } from './chain.ts';
import { unpackDelta } from './unpack-delta.ts';

/**
 * Makes the database of a restored chain, by sqlite3, and hashes it. The base becomes the database, and each delta goes once it is in
 * it, so that no room is needed beyond what was restored.
 *
 * Safe to repeat: an attempt that died is gone on with, and a log that is replayed twice gives the same.
 *
 * @returns size and SHA-256 of what was made, whatever it should be
 * @throws {ReplayFailed} also with nothing changed
 */
export async function replayChain(
  { programs, directory, target }: { programs: Programs; directory: string; target: string },
  context: PhaseContext,
): Promise<HashResult> {
  const { deltas, database, page_size: pageSize } = await readRestoredChain(directory, chainSchema);
  const report = (progress: { bytesDone: number; bytesTotal: number }) =>
    context.report({ phase: 'replay', ...progress, percent: Math.floor((100 * progress.bytesDone) / progress.bytesTotal) });
  const bytesTotal = deltas.reduce((sum, { bytes }) => sum + bytes, database.bytes);
  let bytesDone = 0;
  report({ bytesDone, bytesTotal });
  if (!(await exists(target))) await take(join(directory, BASE_NAME), target);
  for (const { name, bytes, parts } of deltas) {
    // One that an attempt left half replayed comes first.
    if (await exists(`${target}-wal`)) await checkpoint(programs, target, context);
    if (parts !== undefined) await unpackDelta({ programs, directory, database: target, pageSize }, { name, parts }, context);
    if (await exists(join(directory, name))) await take(join(directory, name), `${target}-wal`);
    bytesDone += bytes;
    report({ bytesDone, bytesTotal });
  }
  if (await exists(`${target}-wal`)) await checkpoint(programs, target, context);
  const onProgress = (hashed: number) => report({ bytesDone: Math.min(bytesTotal, bytesDone + hashed), bytesTotal });
  return hashFile(target, { signal: context.signal, onProgress });
}

async function take(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new ReplayFailed(`${from} is missing`, { cause: error });
  });
}

/** Writes the log beside a database into it. sqlite3 takes it whatever journal mode the database says (pager.c, pagerOpenWalIfPresent). */
async function checkpoint(programs: Programs, target: string, context: PhaseContext): Promise<void> {
  const { exitCode, stderr } = await programs.run({
    program: 'sqlite3',
    args: ['-batch', '-bail', '-init', '/dev/null', target, 'PRAGMA synchronous=OFF; PRAGMA wal_checkpoint(TRUNCATE);'],
    signal: context.signal,
  });
  if (exitCode !== 0) throw new ReplayFailed(`sqlite3 cannot replay a log into ${target}: ${stderr}`);
  for (const suffix of ['-wal', '-shm']) await rm(target + suffix, { force: true });
}
