import { ProgramMissing } from '../../../../process/errors.ts';
import type { Programs } from '../../../../process/programs.ts';
import type { HashOptions } from '../../../stage/copy-file.ts';
import type { ChainFile } from '../../chain/chain-format.ts';
import { ChainDamaged } from './chain-damaged.ts';
import { createSink, type DeltaSink, type WrittenFile } from './delta-sink.ts';
import { openDelta } from './open-delta.ts';
import { PatchDamaged } from './page-patch.ts';
import { DIGEST_BYTES, PageTableReader, PageTableWriter } from './page-table.ts';
import type { PriorBlock } from './prior-block.ts';
import { PriorPages } from './prior-pages.ts';
import type { ReadBasePage } from './rebuilt-page.ts';
import { BLOCK_BYTES, type PageBlock, type ScannedPages, scanPages } from './scan-pages.ts';
import { WalDamaged } from './wal-format.ts';

/** SQLite keeps its locks in this byte, and never writes the page that holds it (sqlite.org/fileformat2.html, 1.4). */
const LOCK_BYTE = 0x4000_0000;

/** Number of the page that SQLite leaves out in databases of more than 1 GiB. */
export function lockPage(pageSize: number): number {
  return LOCK_BYTE / pageSize + 1;
}

export interface DeltaJob extends HashOptions {
  programs: Programs;
  /** The frozen database. */
  path: string;
  bytes: number;
  pageSize: number;
  /** What the chain has: digests of its pages, and copies of them. `lacking`: deltas that the overlay has not. */
  before: {
    table: string;
    sha256: string;
    pages: number;
    directory: string;
    base: string;
    basePages: number;
    /** Undefined where the base alone is what the chain has. */
    overlay: string | undefined;
    origins: string;
    lacking: readonly ChainFile[];
  };
  /** New files. */
  delta: { wal: string; patch: string };
  table: string;
  /** The delta must not get larger. */
  maxBytes: number;
}

export interface WrittenDelta extends ScannedPages {
  /** Pages in the delta; 0 when nothing has changed. */
  pages: number;
  file: WrittenFile;
  /** Of the new table. */
  tableSha256: string;
  /** Whether the overlay has all that the chain had. */
  isOverlaid: boolean;
}

/** Why there can be no delta; continues "a new base, because …". */
export interface NoDelta {
  because: string;
  /** The chain is not what was written. */
  isDamage: boolean;
}

class Outgrown extends Error {
  override readonly name = 'Outgrown';
}

/**
 * Reads a frozen database once and writes the pages that the chain does not have, beside a new table of digests. Nothing is synced yet.
 *
 * @throws {ChainDamaged} when the newest delta of the chain cannot be read
 */
export async function writeDelta(job: DeltaJob): Promise<WrittenDelta | NoDelta> {
  const { pageSize, programs, delta: paths, signal } = job;
  const zstd = (await hasZstd(programs)) ? programs : undefined;
  const sink = createSink({
    zstd,
    paths,
    pageSize,
    files: { ...job.before, database: job.path, newTable: job.table },
    databasePages: job.bytes / pageSize,
    signal,
  });
  let before: PageTableReader | undefined;
  let table: PageTableWriter | undefined;
  let prior: PriorPages | undefined;
  try {
    before = await PageTableReader.open(job.before.table);
    table = await PageTableWriter.create(job.table);
    if (sink.takesBefore) prior = await openPrior(job);
    const writer = new DeltaWriter(job, { before, table, sink, prior });
    const scanned = await scanPages(job.path, {
      ...job,
      prepare: (block) => writer.prepare(block),
      consume: (block, difference) => writer.consume(block, difference),
    });
    if ((await before.finish()) !== job.before.sha256) {
      return { because: 'the table of its pages is damaged', isDamage: true };
    }
    await writer.complete();
    const common = { ...scanned, pages: sink.pages, tableSha256: table.finish(), isOverlaid: prior !== undefined };
    return { ...common, file: sink.pages === 0 ? { path: paths.wal } : await sink.finish() };
  } catch (error) {
    if (error instanceof Outgrown) return { because: error.message, isDamage: false };
    if (error instanceof PatchDamaged || error instanceof WalDamaged) throw new ChainDamaged(error.message, { cause: error });
    throw error;
  } finally {
    await Promise.all([before?.close(), table?.close(), sink.close(), prior?.close()]);
  }
}

function openPrior({ before, pageSize, programs, signal }: DeltaJob): Promise<PriorPages> {
  const open = (readBase: ReadBasePage) => {
    const { basePages, directory } = before;
    const chain = { programs, directory, pageSize, basePages, readBase };
    return before.lacking.map((file) => openDelta(chain, file, signal));
  };
  return PriorPages.open(before, { pageSize, blockBytes: BLOCK_BYTES, isOverlaid: before.lacking.length > 0, open });
}

/** How a block differs from what the chain has. */
interface Difference {
  /** Numbers of the pages, ascending. */
  changed: readonly number[];
  /** First page of the block that the chain has not. */
  endOfChain: number;
  /** Gives the others of them, as the chain has them, once they were read. */
  prior: (() => Promise<PriorBlock>) | undefined;
}

class DeltaWriter {
  readonly #job: DeltaJob;
  readonly #files: { before: PageTableReader; table: PageTableWriter; sink: DeltaSink; prior: PriorPages | undefined };
  #firstPage: Buffer | undefined;

  constructor(
    job: DeltaJob,
    files: { before: PageTableReader; table: PageTableWriter; sink: DeltaSink; prior: PriorPages | undefined },
  ) {
    this.#job = job;
    this.#files = files;
  }

  /** Finds the pages that differ, and begins to read what the chain has of them. */
  async prepare({ firstPage, digests }: PageBlock): Promise<Difference> {
    const { before: table, prior } = this.#files;
    const before = await table.next(digests.length / DIGEST_BYTES);
    await this.#files.table.append(digests);
    const changed = differingPages(before, digests).map((index) => firstPage + index);
    const endOfChain = firstPage + before.length / DIGEST_BYTES;
    const wanted = changed.filter((pageNumber) => pageNumber < endOfChain);
    return { changed, endOfChain, prior: await prior?.load({ firstPage, digests: before, wanted }) };
  }

  async consume({ firstPage, pages }: PageBlock, { changed, endOfChain, prior }: Difference): Promise<void> {
    const { pageSize } = this.#job;
    this.#firstPage ??= Buffer.from(pages.subarray(0, pageSize));
    const block = await prior?.();
    for (const pageNumber of changed) {
      const start = (pageNumber - firstPage) * pageSize;
      const page = pages.subarray(start, start + pageSize);
      const isNew = pageNumber >= endOfChain;
      if (isNew && this.#isLeftOut(pageNumber, page)) continue;
      await this.#append(pageNumber, page, isNew ? undefined : block?.get(pageNumber));
    }
    if (changed.length > 0) await this.#files.sink.flush();
  }

  /** A database that only lost pages still needs a delta that says so. */
  async complete(): Promise<void> {
    const { bytes, pageSize, before } = this.#job;
    const isOtherSize = bytes / pageSize !== before.pages;
    if (this.#files.sink.pages === 0 && isOtherSize && this.#firstPage !== undefined) await this.#append(1, this.#firstPage);
  }

  async #append(pageNumber: number, page: Buffer, before?: Buffer): Promise<void> {
    const { sink } = this.#files;
    const writing = sink.append(pageNumber, page, before);
    if (writing !== undefined) await writing;
    if (sink.bytes > this.#job.maxBytes) throw new Outgrown('so much has changed that the deltas would exceed `rebase_at`');
  }

  /** A page that was never there reads as zeros once what follows it is written. */
  #isLeftOut(pageNumber: number, page: Buffer): boolean {
    return pageNumber === lockPage(this.#job.pageSize) && page.every((byte) => byte === 0);
  }
}

/** Indexes of the pages whose digests differ, or that the chain has not. */
function differingPages(before: Buffer, digests: Buffer): number[] {
  if (before.equals(digests)) return [];
  const differing: number[] = [];
  for (let index = 0; index * DIGEST_BYTES < digests.length; index++) {
    if (!isSameDigest(before, digests, index)) differing.push(index);
  }
  return differing;
}

/** Whether both tables have this digest; one that ended does not. */
export function isSameDigest(left: Buffer, right: Buffer, index: number): boolean {
  const start = index * DIGEST_BYTES;
  const end = start + DIGEST_BYTES;
  return end <= left.length && end <= right.length && left.compare(right, start, end, start, end) === 0;
}

export async function hasZstd(programs: Programs): Promise<boolean> {
  return programs.find('zstd').then(
    () => true,
    (error: unknown) => {
      if (error instanceof ProgramMissing) return false;
      throw error;
    },
  );
}
