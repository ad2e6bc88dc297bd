import { hash } from 'node:crypto';
import type { HashResult } from '../../../stage/copy-file.ts';
import { DIGEST_BYTES } from './page-digests.ts';
import { PageTableReader } from './page-table.ts';
import { readWal } from './wal-file.ts';
import { type Frame, WalDamaged } from './wal-format.ts';
import { isSameDigest, lockPage } from './write-delta.ts';

/** So many digests are compared at once: 1 MiB of each table. */
const BLOCK_PAGES = 32_768;

export interface DeltaToVerify {
  /** Digests of the pages that the chain had; as they were read when the delta was written. */
  before: string;
  delta: string;
  /** Digests of the pages of the database. */
  table: string;
  tableSha256: string;
  pageSize: number;
  pages: number;
  signal: AbortSignal;
}

/**
 * Proves that the chain together with the delta, as it lies on the disk, is the database page by page: each page is either in the
 * delta with the digest that the database has, or the chain had it with that digest already.
 *
 * @returns size and SHA-256 of the delta
 * @throws {WalDamaged} saying what does not fit
 */
export async function verifyDelta(job: DeltaToVerify): Promise<HashResult> {
  const before = await PageTableReader.open(job.before);
  const table = await PageTableReader.open(job.table);
  const frames = new FrameReader(readWal(job.delta, job.pageSize), job);
  try {
    await frames.advance();
    for (let page = 1; page <= job.pages; page += BLOCK_PAGES) {
      job.signal.throwIfAborted();
      const count = Math.min(BLOCK_PAGES, job.pages - page + 1);
      const [had, has] = [await before.next(count), await table.next(count)];
      if (has.length !== count * DIGEST_BYTES) throw new WalDamaged('the table of its pages is too short');
      await verifyBlock({ had, has, firstPage: page, frames, pageSize: job.pageSize });
    }
    if ((await table.finish()) !== job.tableSha256) throw new WalDamaged('the table of its pages is not what was written');
    return await frames.finish();
  } finally {
    await Promise.all([before.close(), table.close(), frames.close()]);
  }
}

async function verifyBlock(block: {
  had: Buffer;
  has: Buffer;
  firstPage: number;
  frames: FrameReader;
  pageSize: number;
}): Promise<void> {
  const { had, has, firstPage, frames, pageSize } = block;
  const count = has.length / DIGEST_BYTES;
  const isUntouched = frames.pageNumber >= firstPage + count;
  if (isUntouched && had.equals(has)) return;
  for (let index = 0; index < count; index++) {
    const pageNumber = firstPage + index;
    const digest = has.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
    if (frames.pageNumber === pageNumber) {
      if (!frames.digest().equals(digest)) throw new WalDamaged(`page ${pageNumber} in it is not that of the database`);
      await frames.advance();
    } else if (!isSameDigest(had, has, index) && !isHole(pageNumber, digest, pageSize)) {
      throw new WalDamaged(`it lacks page ${pageNumber}`);
    }
  }
}

function isHole(pageNumber: number, digest: Buffer, pageSize: number): boolean {
  return pageNumber === lockPage(pageSize) && digest.equals(hash('sha256', Buffer.alloc(pageSize), 'buffer'));
}

/** Frames one by one, in the order of their pages. */
class FrameReader {
  readonly #source: AsyncGenerator<Frame, HashResult>;
  readonly #job: DeltaToVerify;
  #frame: Frame | undefined;
  #result: HashResult | undefined;
  #databasePages = 0;
  #frames = 0;

  constructor(source: AsyncGenerator<Frame, HashResult>, job: DeltaToVerify) {
    this.#source = source;
    this.#job = job;
  }

  /** Of the frame at hand; infinite after the last one. */
  get pageNumber(): number {
    return this.#frame?.pageNumber ?? Number.POSITIVE_INFINITY;
  }

  digest(): Buffer {
    return hash('sha256', this.#frame?.page ?? Buffer.alloc(0), 'buffer');
  }

  async advance(): Promise<void> {
    if (this.#databasePages > 0 && this.#frame === undefined) return;
    const next = await this.#source.next();
    if (next.done === true) {
      this.#result = next.value;
      this.#frame = undefined;
      return;
    }
    if (this.#databasePages > 0) throw new WalDamaged('its commit ends too early');
    this.#databasePages = next.value.databasePages;
    this.#frame = next.value;
    if (++this.#frames % 1_024 === 0) this.#job.signal.throwIfAborted();
  }

  async finish(): Promise<HashResult> {
    if (this.#frame !== undefined) throw new WalDamaged(`it has page ${this.#frame.pageNumber} out of its order`);
    if (this.#result === undefined || this.#databasePages !== this.#job.pages) throw new WalDamaged('its commit is not whole');
    return this.#result;
  }

  async close(): Promise<void> {
    await this.#source.return({ bytes: 0, sha256: '' });
  }
}
