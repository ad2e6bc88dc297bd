import { randomBytes } from 'node:crypto';
import { mkdir, open, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChainSettings } from '../../../../config/types.ts';
import { sourceId } from '../../../../contract/backup.ts';
import { PhaseError } from '../../../phase-error.ts';
import { writeDurably } from '../../../stage/write-durably.ts';
import type { ChainFile } from '../../chain/chain-format.ts';
import { chainDirectory, syncFile } from '../../chain/chain-store.ts';
import { connect, databaseUri } from '../connection.ts';
import type { DatabaseFile } from '../database-file.ts';
import { progressOf } from '../pin-and-copy.ts';
import { quickCheck } from '../quick-check.ts';
import type { DatabaseContent } from '../read-content.ts';
import { explain } from '../sqlite-failure.ts';
import { verifyCopy } from '../verify-copy.ts';
import type { PinJob, Pinned } from '../while-pinned.ts';
import { requireShortStall } from '../writer-stall.ts';
import { BASE_NAME, type ChainPart, deltaBytes, type KeptChain, numbered } from './chain.ts';
import { addPages, OVERLAY_NAME, PriorPages, readBits, sha256Of } from './overlay.ts';
import { MIN_PACKED_BYTES, type PackJob, packDelta } from './pack-delta.ts';
import { readPinned } from './pinned-content.ts';
import { together } from './together.ts';
import { verifyDelta } from './verify-delta.ts';
import { WalDamaged } from './wal-format.ts';
import { writeBase } from './write-base.ts';
import { type DeltaJob, type NoDelta, type WrittenDelta, writeDelta } from './write-delta.ts';

/** Each delta costs its part of a second in a restore, besides its bytes. */
const MAX_DELTAS = 60;
/** quick_check reads all of a database. Up to this size it runs each time. */
const ALWAYS_CHECKED_BYTES = 1024 ** 3;
/** Above it, with each new base and when it last passed so long ago. */
const CHECK_INTERVAL_MS = 7 * 24 * 60 * 60 * 1000;

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
  const { database, tableSha256 } = await writeBase({ ...job, pageSize, base, table }, pinned);
  await syncFile(base);
  await syncFile(table);
  const content = await verifyCopy({ ...job, partial: base });
  await utimes(base, pinned.file.modifiedAt, pinned.file.modifiedAt);
  const { bytes, sha256 } = database;
  const chain = {
    version: 1 as const,
    id,
    source: sourceId(job.source),
    page_size: pageSize,
    base: { name: BASE_NAME, bytes, sha256 },
    deltas: [],
    database: { bytes, pages: Math.ceil(bytes / pageSize), sha256 },
  };
  const now = new Date().toISOString();
  const kept = { chain, table: { name: numbered(0, 'pages'), sha256: tableSha256 }, checked_at: now, hashed_at: now };
  return { kept, content, method: 'incremental, new base', journalMode: pinned.pin.journalMode };
}

/** Goes on with a chain: adds what differs from it, or nothing where nothing does. */
export async function extendChain(
  job: ChainJob,
  { pinned, kept, countable }: { pinned: Pinned; kept: KeptChain; countable: ReadonlySet<string> },
): Promise<NextChain | NoDelta> {
  const { chain } = kept;
  const { file, pin, letGo } = pinned;
  if (!file.isWal) requireShortStall(job.source, file);
  const paths = pathsOf(job, kept);
  const [written, content] = await together(
    job.context.signal,
    (signal) => writeDelta({ ...deltaJob(job, kept, file), ...paths, signal }),
    (signal) => readPinned(job, { pin, countable }, signal),
  );
  if ('because' in written) {
    await removeNew(paths);
    return written;
  }
  await letGo();
  const isUnchanged = written.frames === 0;
  if (isUnchanged && written.database.sha256 !== chain.database.sha256) return { because: UNFIT, isDamage: true };
  job.context.report({ phase: 'verify' });
  const [delta, checkedAt] = await together(
    job.context.signal,
    (signal) => (isUnchanged ? removeNew(paths) : finishDelta(job, { written, paths, kept, file, signal })),
    () => check(job, kept, file),
  );
  const method = describe(written, file.bytes / chain.page_size);
  const common = { content, method, journalMode: pin.journalMode };
  if (delta === undefined) return { kept: { ...kept, checked_at: checkedAt }, ...common };
  const { bytes, sha256 } = written.database;
  const { overlay, parts } = await storeDelta(job, kept, delta);
  if (parts !== undefined) common.method += ', packed';
  const { numbers: _, ...log } = delta;
  const next = {
    ...chain,
    deltas: [...chain.deltas, { ...log, ...(parts === undefined ? {} : { parts }) }],
    database: { bytes, sha256, pages: bytes / chain.page_size },
  };
  const table = { name: paths.tableName, sha256: written.tableSha256 };
  return { kept: { ...kept, chain: next, table, overlay, checked_at: checkedAt }, ...common };
}

/** Packs a proven delta where that pays, and notes that its pages are to go into the overlay. */
async function storeDelta(
  { context, programs, settings }: ChainJob,
  kept: KeptChain,
  delta: ChainFile & { numbers: number[] },
): Promise<{ overlay: NonNullable<KeptChain['overlay']>; parts: ChainPart[] | undefined }> {
  const { chain, table } = kept;
  const files = chainDirectory(settings.directory, chain);
  const before = kept.overlay?.bits;
  if (delta.bytes >= MIN_PACKED_BYTES) context.report({ phase: 'pack' });
  try {
    const bits = before === undefined ? Buffer.alloc(0) : await readBits(join(files, before.name), before.sha256);
    const parts = await packUpon(
      { files, bits, pageSize: chain.page_size, table: table.name },
      {
        programs,
        delta: join(files, delta.name),
        bytes: delta.bytes,
        pages: delta.numbers,
        pageSize: chain.page_size,
        priorPages: chain.database.pages,
        signal: context.signal,
      },
    );
    const added = addPages(bits, delta.numbers);
    const name = numbered(chain.deltas.length + 1, 'bits');
    await writeDurably(join(files, name), added);
    return {
      overlay: { bits: { name, sha256: sha256Of(added) }, pending: { name: delta.name, sha256: delta.sha256 } },
      parts,
    };
  } catch (error) {
    if (!(error instanceof WalDamaged)) throw error;
    throw new ChainDamaged(error.message, { cause: error });
  }
}

async function packUpon(
  chain: { files: string; bits: Buffer; pageSize: number; table: string },
  job: Omit<PackJob, 'prior'>,
): Promise<ChainPart[] | undefined> {
  const { files, bits, pageSize, table } = chain;
  const paths = { base: join(files, BASE_NAME), overlay: join(files, OVERLAY_NAME), table: join(files, table) };
  const prior = await PriorPages.open(paths, { bits, pageSize });
  try {
    return await packDelta({ ...job, prior });
  } finally {
    await prior.close();
  }
}

/** The chain turned out to be damaged when the pin was gone already. */
export class ChainDamaged extends Error {
  override readonly name = 'ChainDamaged';
}

const UNFIT = 'the table of its pages and its SHA-256 do not fit together';

interface Paths {
  before: { table: string; sha256: string; pages: number };
  delta: string;
  deltaName: string;
  table: string;
  tableName: string;
}

function pathsOf(job: ChainJob, { chain, table }: KeptChain): Paths {
  const files = chainDirectory(job.settings.directory, chain);
  const number = chain.deltas.length + 1;
  const [deltaName, tableName] = [numbered(number, 'wal'), numbered(number, 'pages')];
  return {
    before: { table: join(files, table.name), sha256: table.sha256, pages: chain.database.pages },
    delta: join(files, deltaName),
    deltaName,
    table: join(files, tableName),
    tableName,
  };
}

function deltaJob(job: ChainJob, { chain }: KeptChain, file: DatabaseFile): Omit<DeltaJob, keyof Paths | 'signal'> {
  return {
    path: job.source.path,
    bytes: file.bytes,
    pageSize: chain.page_size,
    // Packed it may well become small enough; what it is then counts for the next run.
    maxBytes: job.settings.rebaseRatio * chain.base.bytes,
    onProgress: progressOf(job, file, 'compare').onProgress,
  };
}

async function removeNew({ delta, table }: Paths): Promise<undefined> {
  await rm(delta, { force: true });
  await rm(table, { force: true });
}

/** Brings a delta to the disk and proves it. @throws {PhaseError} DumpRejected */
async function finishDelta(
  job: ChainJob,
  delta: { written: WrittenDelta; paths: Paths; kept: KeptChain; file: DatabaseFile; signal: AbortSignal },
): Promise<ChainFile & { numbers: number[] }> {
  const { written, paths, kept, file, signal } = delta;
  await syncFile(paths.delta);
  await syncFile(paths.table);
  const pages = file.bytes / kept.chain.page_size;
  try {
    const proven = await verifyDelta({
      before: paths.before.table,
      delta: paths.delta,
      table: paths.table,
      tableSha256: written.tableSha256,
      pageSize: kept.chain.page_size,
      pages,
      signal,
    });
    await utimes(paths.delta, file.modifiedAt, file.modifiedAt);
    const { bytes, sha256, pages: numbers } = proven;
    return { name: paths.deltaName, bytes, sha256, numbers };
  } catch (error) {
    if (!(error instanceof WalDamaged)) throw error;
    throw new PhaseError(
      'DumpRejected',
      `${sourceId(job.source)}: the delta ${paths.delta} is not what was written to it: ${error.message}. Check the disk.`,
      { cause: error },
    );
  }
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

function describe({ frames }: WrittenDelta, pages: number): string {
  return frames === 0 ? 'incremental, unchanged' : `incremental, ${frames} of ${pages} pages`;
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
