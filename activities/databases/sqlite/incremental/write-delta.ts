import type { HashOptions, HashResult } from '../../../stage/copy-file.ts';
import { DIGEST_BYTES, PageTableReader, PageTableWriter } from './page-table.ts';
import { type PageBlock, scanPages } from './scan-pages.ts';
import { WalWriter } from './wal-file.ts';

/** SQLite keeps its locks in this byte, and never writes the page that holds it (sqlite.org/fileformat2.html, 1.4). */
const LOCK_BYTE = 0x4000_0000;

/** Number of the page that SQLite leaves out in databases of more than 1 GiB. */
export function lockPage(pageSize: number): number {
  return LOCK_BYTE / pageSize + 1;
}

export interface DeltaJob extends HashOptions {
  /** The frozen database. */
  path: string;
  bytes: number;
  pageSize: number;
  /** Digests of the pages that the chain has. */
  before: { table: string; sha256: string; pages: number };
  /** New files. */
  delta: string;
  table: string;
  /** The delta must not get larger. */
  maxBytes: number;
}

export interface WrittenDelta {
  /** Of the database as it was read. */
  database: HashResult;
  /** Pages in the delta; 0 when nothing has changed. */
  frames: number;
  /** Of the new table. */
  tableSha256: string;
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
 * Reads a frozen database once and writes the pages that the chain does not have as a log, beside a new table of digests. Nothing is
 * synced yet.
 */
export async function writeDelta(job: DeltaJob): Promise<WrittenDelta | NoDelta> {
  const before = await PageTableReader.open(job.before.table);
  const table = await PageTableWriter.create(job.table);
  const wal = await WalWriter.create(job.delta, job.pageSize);
  try {
    const writer = new DeltaWriter(job, { before, table, wal });
    const database = await scanPages(job.path, { ...job, consume: (block) => writer.consume(block) });
    if ((await before.finish()) !== job.before.sha256) {
      return { because: 'the table of its pages is damaged', isDamage: true };
    }
    await writer.finish();
    return { database, frames: wal.frames, tableSha256: table.finish() };
  } catch (error) {
    if (error instanceof Outgrown) return { because: error.message, isDamage: false };
    throw error;
  } finally {
    await Promise.all([before.close(), table.close(), wal.close()]);
  }
}

class DeltaWriter {
  readonly #job: DeltaJob;
  readonly #files: { before: PageTableReader; table: PageTableWriter; wal: WalWriter };
  #firstPage: Buffer | undefined;

  constructor(job: DeltaJob, files: { before: PageTableReader; table: PageTableWriter; wal: WalWriter }) {
    this.#job = job;
    this.#files = files;
  }

  async consume({ firstPage, pages, digests }: PageBlock): Promise<void> {
    const { pageSize } = this.#job;
    this.#firstPage ??= Buffer.from(pages.subarray(0, pageSize));
    const before = await this.#files.before.next(digests.length / DIGEST_BYTES);
    await this.#files.table.append(digests);
    if (before.equals(digests)) return;
    for (let index = 0; index * DIGEST_BYTES < digests.length; index++) {
      if (isSameDigest(before, digests, index)) continue;
      const page = pages.subarray(index * pageSize, (index + 1) * pageSize);
      const isNew = index * DIGEST_BYTES >= before.length;
      if (!(isNew && this.#isLeftOut(firstPage + index, page))) await this.#append(firstPage + index, page);
    }
  }

  /** A database that only lost pages still needs a commit that says so. */
  async finish(): Promise<void> {
    const { bytes, pageSize, before } = this.#job;
    const pages = bytes / pageSize;
    const { wal } = this.#files;
    if (wal.frames === 0 && pages !== before.pages && this.#firstPage !== undefined) await this.#append(1, this.#firstPage);
    if (wal.frames > 0) await wal.finish(pages);
  }

  async #append(pageNumber: number, page: Buffer): Promise<void> {
    const { wal } = this.#files;
    await wal.append(pageNumber, page);
    if (wal.bytes > this.#job.maxBytes) throw new Outgrown('so much has changed that the deltas would exceed `rebase_at`');
  }

  /** A page that was never there reads as zeros once what follows it is written. */
  #isLeftOut(pageNumber: number, page: Buffer): boolean {
    return pageNumber === lockPage(this.#job.pageSize) && page.every((byte) => byte === 0);
  }
}

/** Whether both tables have this digest; one that ended does not. */
export function isSameDigest(left: Buffer, right: Buffer, index: number): boolean {
  const start = index * DIGEST_BYTES;
  const end = start + DIGEST_BYTES;
  return end <= left.length && end <= right.length && left.compare(right, start, end, start, end) === 0;
}
