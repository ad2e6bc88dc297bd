import { open, stat } from 'node:fs/promises';
import type { Programs } from '../../../process/programs.ts';
import type { PhaseContext } from '../../phase.ts';
import { PhaseError } from '../../phase-error.ts';
import { quoteName, withoutSandboxLine } from './load.ts';
import { askScratch, requireServer, runScratchSql, type ScratchServer } from './scratch-server.ts';

const TAIL_BYTES = 200;

/** A restore that takes longer than this is no drill any more. */
const LOAD_TIMEOUT_MS = 24 * 60 * 60_000;

/** Whether a dump ends with its completion line, so that nothing was cut off. */
export async function isComplete(file: string): Promise<boolean> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
    await handle.read(tail, 0, tail.length, size - tail.length);
    return tail.toString('latin1').includes('-- Dump completed');
  } finally {
    await handle.close();
  }
}

/**
 * Loads a dump into a new, empty database of a scratch server.
 *
 * @returns what the client said when it did not load
 * @throws {PhaseError} SourceUnavailable when the server died meanwhile, DiskFull
 */
export async function loadDump(
  { programs, server }: { programs: Programs; server: ScratchServer },
  file: string,
  context: PhaseContext,
): Promise<string | undefined> {
  const name = quoteName(server.source.database);
  const create = `DROP DATABASE IF EXISTS ${name}; CREATE DATABASE ${name} CHARACTER SET utf8mb4;`;
  const created = await askScratch({ programs, server }, create, context, { database: 'information_schema' });
  if (created.exitCode !== 0) return created.stderr;
  const loaded = await runScratchSql({ programs, server }, withoutSandboxLine(file, (await stat(file)).size, context), context, {
    args: ['--max-allowed-packet=1G'],
    timeoutMs: LOAD_TIMEOUT_MS,
  });
  const { exitCode, stderr } = loaded;
  if (exitCode === 0) return undefined;
  if (/no space left|table .* is full|errno: 28\b/i.test(stderr)) {
    throw new PhaseError(
      'DiskFull',
      `the disk that the drill loads dumps on is full: ${stderr}. Free some space: it goes on by itself.`,
    );
  }
  requireServer(server, loaded);
  return stderr;
}
