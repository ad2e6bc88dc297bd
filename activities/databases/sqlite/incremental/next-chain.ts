import { randomBytes } from 'node:crypto';
import { mkdir, open, rm, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ChainSettings } from '../../../../config/types.ts';
import { sourceId } from '../../../../contract/backup.ts';
import { PhaseError } from '../../../phase-error.ts';
import { type HashResult, hashFile } from '../../../stage/copy-file.ts';
import { together } from '../../../together.ts';
import type { ChainFile } from '../../chain/chain-format.ts';
import { chainDirectory, syncFile } from '../../chain/chain-store.ts';
import { hashPatched } from '../../chain/zstd.ts';
import { connect, databaseUri } from '../connection.ts';
import type { DatabaseFile } from '../database-file.ts';
import { progressOf } from '../pin-and-copy.ts';
import { quickCheck } from '../quick-check.ts';
import type { DatabaseContent } from '../read-content.ts';
import { explain } from '../sqlite-failure.ts';
import { verifyCopy } from '../verify-copy.ts';
import type { PinJob, Pinned } from '../while-pinned.ts';
import { requireShortStall } from '../writer-stall.ts';
import { BASE_NAME, type Chain, deltaBytes, isUsedUp, type KeptChain, lastNumber, MAX_DELTAS, numbered } from './chain.ts';
import { withoutDeltas } from './fold.ts';
import { ORIGINS_NAME } from './origins.ts';
import { askPinned, countPinned, readCopied } from './pinned-content.ts';
import { OVERLAY_NAME } from './prior-pages.ts';
import { verifyDelta } from './verify-delta.ts';
import { WalDamaged } from './wal-format.ts';
import { writeBase } from './write-base.ts';
import { type DeltaJob, hasZstd, type NoDelta, type WrittenDelta, writeDelta } from './write-delta.ts';

/** quick_check reads all of a database. Up to this size it runs each time. */
const ALWAYS_CHECKED_BYTES = 1024 ** 3;
/** Above it, with each new base and when it last passed so long ago. */
const CHECK_INTERVAL_MS = 7 * 24 * 60 * 60 * 1000;

/** So many deltas, of such a part of the base, are read in each run. A tracker's days are folded at about that number. */
const MAX_READ_DELTAS = 8;
const MAX_READ_PART = 8;

export interface ChainJob extends PinJob {
  settings: ChainSettings;
}

/** A chain whose files are whole and on the disk, and which does not count yet. */
export interface NextChain {
  kept: Omit<KeptChain, 'seals'>;
  content: DatabaseContent;
  /** For the operator. */
  method: string;
  journalMode: string;
}

/** Why the chain at hand cannot be gone on with; undefined when it can. */
export function whyNoDelta(
  { chain }: Pick<KeptChain, 'chain'>,
  database: { bytes: number; pageSize: number },
  { rebaseRatio }: ChainSettings,
): string | undefined {
  if (chain.page_size !== database.pageSize) return 'its page size has changed';
  if (database.bytes % database.pageSize !== 0) return 'its size is no multiple of its page size';
  if (chain.deltas.length >= MAX_DELTAS) return `there are ${MAX_DELTAS} deltas`;
  if (isUsedUp(chain)) return 'the numbers of its deltas are used up';
  if (deltaBytes(chain) >= rebaseRatio * chain.base.bytes) return 'the deltas have reached `rebase_at`';
  return undefined;
}

/** Begins a chain with a copy of the pinned database. */
export async function newChain(job: ChainJob, pinned: Pinned, pageSize: number): Promise<NextChain> {
  const id = randomBytes(8).toString('hex');
  const files = chainDirectory(job.settings.directory, { id });
  await mkdir(files, { recursive: true, mode: 0o700 });
  const base = join(files, BASE_NAME);
  const table = join(files, numbered(0, 'pages'));
  const { btrees, bytes, sha256, tableSha256 } = await writeBase({ ...job, pageSize, base, table }, pinned);
  await syncFile(base);
  await syncFile(table);
  const content = await verifyCopy({ ...job, partial: base }, (open) => readCopied(open, job, btrees));
  await utimes(base, pinned.file.modifiedAt, pinned.file.modifiedAt);
  const chain = {
    version: 4 as const,
    id,
    source: sourceId(job.source),
    page_size: pageSize,
    base: { name: BASE_NAME, bytes, sha256 },
    deltas: [],
    database: { bytes, pages: Math.ceil(bytes / pageSize), pages_sha256: tableSha256 },
  };
  const now = new Date().toISOString();
  const name = numbered(0, 'pages');
  const tables = { table: name, base_table: { name, sha256: tableSha256 } };
  const kept = { chain, ...tables, pages_in_deltas: 0, checked_at: now, hashed_at: now };
  return { kept, content, method: 'incremental, new base', journalMode: pinned.pin.journalMode };
}

/** Goes on with a chain: adds what differs from it, or nothing where nothing does, or puts one delta in the place of all. */
export async function extendChain(
  job: ChainJob,
  { pinned, kept: found, countable }: { pinned: Pinned; kept: KeptChain; countable: ReadonlySet<string> },
): Promise<NextChain | NoDelta> {
  const folded = (await hasZstd(job.programs)) ? withoutDeltas(found) : undefined;
  const kept = folded ?? found;
  const { chain } = kept;
  const { file, pin, letGo } = pinned;
  if (!file.isWal) requireShortStall(job.source, file);
  const overlay = folded === undefined ? await prepareOverlay(job, kept) : undefined;
  const paths = pathsOf(job, kept, { overlay, number: lastNumber(found.chain) + 1 });
  const [written, answers] = await together(
    job.context.signal,
    (signal) => writeDelta({ ...deltaJob(job, kept, file), ...paths, signal }),
    (signal) => askPinned(job, { pin, countable }, signal),
  );
  if ('because' in written) {
    await removeNew(paths);
    return written;
  }
  const content = await countPinned(job, { pin, countable, answers, btrees: written.btrees });
  await letGo();
  const isUnchanged = written.pages === 0;
  job.context.report({ phase: 'verify' });
  const [delta, checkedAt] = await together(
    job.context.signal,
    (signal) => (isUnchanged ? removeNew(paths) : finishDelta(job, { written, paths, kept, file, signal })),
    () => check(job, kept, file),
  );
  const inPlaceOf = folded === undefined ? '' : `, in place of ${found.chain.deltas.length} deltas`;
  return {
    kept: settle(kept, { written, delta, checkedAt, tableName: paths.tableName }),
    content,
    method: describe(written, file.bytes / chain.page_size) + inPlaceOf,
    journalMode: pin.journalMode,
  };
}

/** What is kept from now on. */
function settle(
  kept: KeptChain,
  made: { written: WrittenDelta; delta: ChainFile | undefined; checkedAt: string; tableName: string },
): Omit<KeptChain, 'seals'> {
  const { chain } = kept;
  const { written, delta, checkedAt, tableName } = made;
  const overlaid = written.isOverlaid ? chain.deltas.at(-1)?.name : kept.overlaid;
  const settled = { ...kept, checked_at: checkedAt, ...(overlaid === undefined ? {} : { overlaid }) };
  if (delta === undefined) return settled;
  const { bytes, tableSha256 } = written;
  const database = { bytes, pages: bytes / chain.page_size, pages_sha256: tableSha256 };
  return {
    ...settled,
    chain: { ...chain, deltas: [...chain.deltas, delta], database },
    table: tableName,
    pages_in_deltas: kept.pages_in_deltas + written.pages,
  };
}

/** Whether to read deltas in each run would cost more than to keep what they give. From then on each run brings the overlay up. */
function isMuch(deltas: readonly ChainFile[], { base }: Chain): boolean {
  return deltas.length > MAX_READ_DELTAS || deltaBytes({ deltas }) > base.bytes / MAX_READ_PART;
}

/** An overlay of which nothing is said may have anything. */
async function prepareOverlay({ settings }: ChainJob, { chain, overlaid }: KeptChain): Promise<string> {
  const path = join(chainDirectory(settings.directory, chain), OVERLAY_NAME);
  if (overlaid === undefined) await rm(path, { force: true });
  return path;
}

type Paths = Pick<DeltaJob, 'before' | 'delta' | 'table'> & { tableName: string };

function pathsOf(
  job: ChainJob,
  { chain, overlaid, table }: KeptChain,
  { overlay, number }: { overlay: string | undefined; number: number },
): Paths {
  const directory = chainDirectory(job.settings.directory, chain);
  const lacking = chain.deltas.slice(chain.deltas.findIndex(({ name }) => name === overlaid) + 1);
  const tableName = numbered(number, 'pages');
  return {
    before: {
      table: join(directory, table),
      sha256: chain.database.pages_sha256,
      pages: chain.database.pages,
      directory,
      base: join(directory, BASE_NAME),
      basePages: Math.floor(chain.base.bytes / chain.page_size),
      overlay,
      origins: join(directory, ORIGINS_NAME),
      lacking,
      isOverlaid: overlaid !== undefined || isMuch(lacking, chain),
    },
    delta: { wal: join(directory, numbered(number, 'wal')), patch: join(directory, numbered(number, 'patch.zst')) },
    table: join(directory, tableName),
    tableName,
  };
}

function deltaJob(job: ChainJob, { chain }: KeptChain, file: DatabaseFile): Omit<DeltaJob, keyof Paths | 'signal'> {
  return {
    programs: job.programs,
    path: job.source.path,
    bytes: file.bytes,
    pageSize: chain.page_size,
    // Packed it may well become small enough; what it is then counts for the next run.
    maxBytes: job.settings.rebaseRatio * chain.base.bytes,
    onProgress: progressOf(job, file, 'compare').onProgress,
  };
}

async function removeNew({ delta, table }: Paths): Promise<undefined> {
  for (const path of [delta.wal, delta.patch, table]) await rm(path, { force: true });
}

interface DeltaToFinish {
  written: WrittenDelta;
  paths: Paths;
  kept: KeptChain;
  file: DatabaseFile;
  signal: AbortSignal;
}

/** Brings a delta to the disk and proves it. @throws {PhaseError} DumpRejected */
async function finishDelta(job: ChainJob, delta: DeltaToFinish): Promise<ChainFile> {
  const { path, stream } = delta.written.file;
  await syncFile(path);
  await syncFile(delta.paths.table);
  try {
    const proven = stream === undefined ? await proveLog(delta) : await provePatches(job, path, { stream, signal: delta.signal });
    await utimes(path, delta.file.modifiedAt, delta.file.modifiedAt);
    return { name: basename(path), ...proven };
  } catch (error) {
    if (!(error instanceof WalDamaged)) throw error;
    throw new PhaseError(
      'DumpRejected',
      `${sourceId(job.source)}: the delta ${path} is not what was written to it: ${error.message}. Check the disk.`,
      { cause: error },
    );
  }
}

function proveLog({ written, paths, kept, file, signal }: DeltaToFinish): Promise<HashResult> {
  const { page_size: pageSize } = kept.chain;
  return verifyDelta({
    before: paths.before.table,
    delta: paths.delta.wal,
    table: paths.table,
    tableSha256: written.tableSha256,
    pageSize,
    pages: file.bytes / pageSize,
    signal,
  });
}

/**
 * Each patch was applied to the page before it, which had the digest that the chain says, and gave the page of the database, when it was
 * written (write-delta.ts). So what is left to prove is that the disk gives back the very same stream.
 */
async function provePatches(
  { programs }: ChainJob,
  path: string,
  { stream, signal }: { stream: string; signal: AbortSignal },
): Promise<HashResult> {
  const given = await hashPatched(programs, { patch: path }, signal);
  if ('refused' in given) throw new WalDamaged(`zstd says ${given.refused}`);
  if (given.sha256 !== stream) throw new WalDamaged('zstd gives back something else');
  return hashFile(path, { signal });
}

/** Runs quick_check on the database itself when it is due. Returns when it last passed. @throws {PhaseError} DumpRejected */
async function check({ context, programs, source }: ChainJob, kept: KeptChain, file: DatabaseFile): Promise<string> {
  const isDue = file.bytes <= ALWAYS_CHECKED_BYTES || Date.now() - Date.parse(kept.checked_at) > CHECK_INTERVAL_MS;
  if (!isDue) return kept.checked_at;
  try {
    await quickCheck(() => connect(programs, databaseUri(source.path, 'rw'), context.signal), source, context);
    return new Date().toISOString();
  } catch (error) {
    throw explain(source, 'checking', error);
  }
}

function describe({ pages, file }: WrittenDelta, all: number): string {
  if (pages === 0) return 'incremental, unchanged';
  return `incremental, ${pages} of ${all} pages${file.stream === undefined ? '' : ' by patches'}`;
}

/** Size of the pages of a database, from its header: 1 stands for 64 KiB (sqlite.org/fileformat2.html, 1.3.2). */
export async function readPageSize(path: string): Promise<number> {
  const file = await open(path, 'r');
  try {
    const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 16);
    const value = buffer.readUInt16BE(0);
    return value === 1 ? 65_536 : value;
  } finally {
    await file.close();
  }
}
