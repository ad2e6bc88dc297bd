import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ProgramMissing } from '../../../../process/errors.ts';
import type { Programs } from '../../../../process/programs.ts';
import { PhaseError } from '../../../phase-error.ts';
import { hashFile } from '../../../stage/copy-file.ts';
import { mapConcurrently } from '../../../stage/map-concurrently.ts';
import { syncFile } from '../../chain/chain-store.ts';
import { Breath } from './breath.ts';
import type { ChainPart } from './chain.ts';
import type { PriorPages } from './overlay.ts';
import { FRAME_HEADER_BYTES, WAL_HEADER_BYTES } from './wal-format.ts';

/** With what the pages were before, a part fits into zstd's window of 64 MiB: about 100 MB of memory for each zstd. */
const PART_BYTES = 30 * 1024 * 1024;
export const ZSTD_WINDOW = '--long=26';
/** Smaller deltas stay as they are: nothing is won that would be worth a second tool in a restore. */
export const MIN_PACKED_BYTES = 8 * 1024 * 1024;
/** A pack that is hardly smaller is thrown away. */
const WORTHWHILE = 0.7;
const CONCURRENCY = 2;
/** So many runs are written at once. */
const GATHERED_RUNS = 64;
/** So many pages are read at once. */
const MAX_RUN = 256;

export interface PackJob {
  programs: Programs;
  /** The delta as a log, proven. */
  delta: string;
  bytes: number;
  /** Numbers of its pages in its order, which is ascending. */
  pages: readonly number[];
  pageSize: number;
  /** What the chain has without it. */
  prior: PriorPages;
  priorPages: number;
  signal: AbortSignal;
}

/** Pages that follow one another. */
interface Run {
  first: number;
  count: number;
}

/**
 * Packs a delta by zstd as what differs from its own pages as they were before (`--patch-from`): a row that changed takes some bytes and
 * not a page. In parts, so that memory does not grow with it; each part is unpacked again and compared.
 *
 * @returns undefined where that does not pay, or there is no zstd
 * @throws {WalDamaged} when the chain's own pages are not what was written
 */
export async function packDelta(job: PackJob): Promise<ChainPart[] | undefined> {
  if (job.bytes < MIN_PACKED_BYTES || !(await hasZstd(job.programs))) return undefined;
  const perPart = Math.max(1, Math.floor(PART_BYTES / (FRAME_HEADER_BYTES + job.pageSize)));
  const starts = Array.from({ length: Math.ceil(job.pages.length / perPart) }, (_, index) => index * perPart);
  const parts = await mapConcurrently(starts, CONCURRENCY, (start) => packPart(job, { start, perPart }));
  const packed = parts.reduce((sum, { list, patch }) => sum + list.bytes + patch.bytes, 0);
  if (packed <= WORTHWHILE * job.bytes) return parts;
  for (const part of parts) await removePart(dirname(job.delta), part);
  return undefined;
}

export async function removePart(directory: string, { list, patch }: ChainPart): Promise<void> {
  await rm(join(directory, list.name), { force: true });
  await rm(join(directory, patch.name), { force: true });
}

async function packPart(job: PackJob, { start, perPart }: { start: number; perPart: number }): Promise<ChainPart> {
  const pages = job.pages.slice(start, start + perPart);
  const stem = `${job.delta.replace(/\.wal$/, '')}.${String(start / perPart + 1).padStart(3, '0')}`;
  const [list, patch, old] = [`${stem}.list`, `${stem}.zst`, `${stem}.old`];
  try {
    const runs = runsOf(pages.filter((page) => page <= job.priorPages));
    await writeFile(list, runs.map(({ first, count }) => `${first} ${count}\n`).join(''), { mode: 0o600, flag: 'wx' });
    await writeOld(job, runs, old);
    await syncFile(list);
    const frameBytes = FRAME_HEADER_BYTES + job.pageSize;
    const from = start === 0 ? 0 : WAL_HEADER_BYTES + start * frameBytes;
    const to = Math.min(job.bytes, WAL_HEADER_BYTES + (start + pages.length) * frameBytes);
    const sha256 = await compress(job, { old, patch, from, to });
    await compare(job, { old, patch, sha256 });
    return { list: await describe(list, job.signal), patch: await describe(patch, job.signal) };
  } finally {
    await rm(old, { force: true });
  }
}

/** Page 1 is always there: zstd takes no empty file to compare with. */
function runsOf(pages: readonly number[]): Run[] {
  const runs: Run[] = [{ first: 1, count: 1 }];
  for (const page of pages) {
    const last = runs.at(-1);
    if (last === undefined || page === 1) continue;
    if (page === last.first + last.count && last.count < MAX_RUN) last.count++;
    else runs.push({ first: page, count: 1 });
  }
  return runs;
}

async function writeOld({ prior, signal }: PackJob, runs: readonly Run[], path: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    const breath = new Breath();
    let gathered: Buffer[] = [];
    for (const { first, count } of runs) {
      gathered.push(prior.read(first, count));
      await breath.take(signal);
      if (gathered.length < GATHERED_RUNS) continue;
      await file.writeFile(Buffer.concat(gathered));
      gathered = [];
    }
    await file.writeFile(Buffer.concat(gathered));
  } finally {
    await file.close();
  }
}

async function compress(
  { programs, delta, signal }: PackJob,
  { old, patch, from, to }: { old: string; patch: string; from: number; to: number },
): Promise<string> {
  const sha256 = createHash('sha256');
  async function* input(): AsyncGenerator<Uint8Array> {
    for await (const chunk of createReadStream(delta, { start: from, end: to - 1, highWaterMark: 1024 * 1024 })) {
      sha256.update(chunk as Buffer);
      yield chunk as Buffer;
    }
  }
  await (await open(patch, 'wx', 0o600)).close();
  const { exitCode, stderr } = await programs.run({
    program: 'zstd',
    args: ['-q', '-f', '-3', ZSTD_WINDOW, `--patch-from=${old}`, `--stream-size=${to - from}`, '-o', patch],
    input: input(),
    signal,
  });
  if (exitCode !== 0) throw failed(`zstd cannot pack ${basename(delta)}: ${stderr}`);
  await syncFile(patch);
  return sha256.digest('hex');
}

/** @throws {PhaseError} DumpRejected */
async function compare(
  { programs, signal }: PackJob,
  { old, patch, sha256 }: { old: string; patch: string; sha256: string },
): Promise<void> {
  const actual = createHash('sha256');
  const { exitCode, stderr } = await programs.run({
    program: 'zstd',
    args: unpackArguments(old, patch),
    signal,
    consume: async (stdout) => {
      for await (const chunk of stdout) actual.update(chunk);
    },
  });
  if (exitCode === 0 && actual.digest('hex') === sha256) return;
  throw failed(`${patch} does not give back what was packed: ${stderr}`);
}

/** Arguments of zstd that print what was packed. */
export function unpackArguments(old: string, patch: string): string[] {
  return ['-q', '-d', ZSTD_WINDOW, `--patch-from=${old}`, '-c', patch];
}

function failed(message: string): PhaseError {
  return new PhaseError('DumpRejected', `${message}. Check disk and memory; the chain is as it was.`);
}

async function describe(path: string, signal: AbortSignal): Promise<ChainPart['list']> {
  return { name: basename(path), ...(await hashFile(path, { signal })) };
}

async function hasZstd(programs: Programs): Promise<boolean> {
  return programs.find('zstd').then(
    () => true,
    (error: unknown) => {
      if (error instanceof ProgramMissing) return false;
      throw error;
    },
  );
}
