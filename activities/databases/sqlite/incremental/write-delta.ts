import { rm } from 'node:fs/promises';
import { ProgramMissing } from '../../../../process/errors.ts';
import type { Programs } from '../../../../process/programs.ts';
import type { HashOptions } from '../../../stage/copy-file.ts';
import type { ChainFile } from '../../chain/chain-format.ts';
import { ChainDamaged } from './chain-damaged.ts';
import type { DeltaReader } from './delta-reader.ts';
import { createSink, type DeltaBlock, type DeltaSink, type SinkJob, type WrittenFile } from './delta-sink.ts';
import { LackingDeltas } from './lacking-deltas.ts';
import { openDelta } from './open-delta.ts';
import type { MadePatches } from './page-comparer.ts';
import { DIGEST_BYTES } from './page-digests.ts';
import { PatchDamaged } from './page-patch.ts';
import { PageTableReader, PageTableWriter } from './page-table.ts';
import { type PageBlock, type ScannedPages, scanPages } from './scan-pages.ts';
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
  /**
   * What the chain has: digests of its pages, and copies of them. `lacking`: deltas that the overlay has not. `isOverlaid`: whether it
   * gets them; else it is a scratch file of this run, and nothing is at its path.
   */
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
    isOverlaid: boolean;
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
  /** Whether the overlay has all that the chain had, but for what would have taken too much memory. */
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
 * @throws {ChainDamaged} when a delta that the overlay has not cannot be read
 */
export async function writeDelta(job: DeltaJob): Promise<WrittenDelta | NoDelta> {
  const zstd = (await hasZstd(job.programs)) ? job.programs : undefined;
  const sink = createSink({ ...sinkJob(job), zstd });
  // What a log has of a page is the page itself, whatever it was before.
  const lacking = new LackingDeltas(zstd === undefined ? [] : openLacking(job), job.before);
  let before: PageTableReader | undefined;
  let table: PageTableWriter | undefined;
  try {
    before = await PageTableReader.open(job.before.table);
    table = await PageTableWriter.create(job.table);
    const writer = new DeltaWriter(job, { before, table, sink, lacking });
    const scanned = await scanPages(job.path, {
      ...job,
      prepare: (block) => writer.prepare(block),
      consume: (_, difference) => writer.consume(difference),
    });
    if ((await before.finish()) !== job.before.sha256) {
      return { because: 'the table of its pages is damaged', isDamage: true };
    }
    await writer.complete();
    const isOverlaid = zstd !== undefined && job.before.isOverlaid;
    const common = { ...scanned, pages: sink.pages, tableSha256: table.finish(), isOverlaid };
    return { ...common, file: sink.pages === 0 ? { path: job.delta.wal } : await sink.finish() };
  } catch (error) {
    if (error instanceof Outgrown) return { because: error.message, isDamage: false };
    if (error instanceof PatchDamaged || error instanceof WalDamaged) throw new ChainDamaged(error.message, { cause: error });
    throw error;
  } finally {
    await Promise.all([before?.close(), table?.close(), sink.close(), lacking.close()]);
    await removeScratch(job.before);
  }
}

async function removeScratch({ isOverlaid, overlay }: DeltaJob['before']): Promise<void> {
  if (!isOverlaid && overlay !== undefined) await rm(overlay, { force: true });
}

function sinkJob(job: DeltaJob): Omit<SinkJob, 'zstd'> {
  const { base, basePages, isOverlaid, origins, overlay, table } = job.before;
  const chain = { base, basePages, origins, overlay, table, isOverlaid };
  return {
    paths: job.delta,
    pageSize: job.pageSize,
    material: { ...chain, database: job.path, newTable: job.table },
    databasePages: job.bytes / job.pageSize,
    signal: job.signal,
  };
}

function openLacking({ before, pageSize, programs, signal }: DeltaJob): DeltaReader[] {
  const { basePages, directory, lacking } = before;
  return lacking.map((file) => openDelta({ programs, directory, pageSize, basePages }, file, signal));
}

/** How a block differs from what the chain has. */
interface Difference {
  block: DeltaBlock;
  made: () => Promise<MadePatches | undefined>;
}

class DeltaWriter {
  readonly #job: DeltaJob;
  readonly #files: { before: PageTableReader; table: PageTableWriter; sink: DeltaSink; lacking: LackingDeltas };
  #firstPage: Buffer | undefined;

  constructor(
    job: DeltaJob,
    files: { before: PageTableReader; table: PageTableWriter; sink: DeltaSink; lacking: LackingDeltas },
  ) {
    this.#job = job;
    this.#files = files;
  }

  /** Finds the pages that differ, and begins to make what the delta has of them. */
  async prepare({ firstPage, pages, digests }: PageBlock): Promise<Difference> {
    this.#firstPage ??= Buffer.from(pages.subarray(0, this.#job.pageSize));
    const before = await this.#files.before.next(digests.length / DIGEST_BYTES);
    await this.#files.table.append(digests);
    const differing = differingPages(before, digests).map((index) => firstPage + index);
    const endOfChain = firstPage + before.length / DIGEST_BYTES;
    const changed = differing.filter((pageNumber) => pageNumber < endOfChain);
    const added = differing.filter(
      (pageNumber) => pageNumber >= endOfChain && !this.#isLeftOut(pageNumber, { firstPage, pages }),
    );
    const lists = await this.#files.lacking.list({ firstPage, endOfChain, changed });
    const block = { firstPage, pages, digests: before, changed, added, lists };
    const making = this.#files.sink.prepare(block);
    // Should a block before it fail, nobody waits for this one, but for its end.
    making.catch(() => undefined);
    return { block, made: () => making };
  }

  async consume({ block, made }: Difference): Promise<void> {
    await this.#files.sink.append(block, await made());
    this.#requireRoom();
  }

  /** A database that only lost pages still needs a delta that says so. */
  async complete(): Promise<void> {
    const { bytes, pageSize, before } = this.#job;
    const isOtherSize = bytes / pageSize !== before.pages;
    if (this.#files.sink.pages > 0 || !isOtherSize || this.#firstPage === undefined) return;
    const none = { digests: Buffer.alloc(0), changed: [], lists: [] };
    await this.#files.sink.append({ ...none, firstPage: 1, pages: this.#firstPage, added: [1] }, undefined);
  }

  #requireRoom(): void {
    if (this.#files.sink.bytes > this.#job.maxBytes)
      throw new Outgrown('so much has changed that the deltas would exceed `rebase_at`');
  }

  /** A page that was never there reads as zeros once what follows it is written. */
  #isLeftOut(pageNumber: number, { firstPage, pages }: Pick<PageBlock, 'firstPage' | 'pages'>): boolean {
    const { pageSize } = this.#job;
    if (pageNumber !== lockPage(pageSize)) return false;
    const start = (pageNumber - firstPage) * pageSize;
    return pages.subarray(start, start + pageSize).every((byte) => byte === 0);
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
