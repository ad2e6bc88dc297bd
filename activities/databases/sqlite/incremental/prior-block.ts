import { alignedBuffer } from '../../../aligned-memory.ts';
import type { PatchPlace } from './page-patch.ts';
import { hasDigest } from './page-table.ts';
import type { PriorFiles } from './prior-files.ts';

/** What is known of a page of the block. */
const UNREAD = 0;
const READ = 1;
const PROVEN = 2;
const LOST = 3;

/** Pages that follow one another, as the chain has them. */
export class PriorBlock {
  readonly #files: PriorFiles;
  readonly #pageSize: number;
  readonly #pages: Buffer;
  /** Where pages are read to first that are at another place than most. */
  readonly #scratch: Buffer;
  readonly #known: Uint8Array;
  #firstPage = 1;
  /** What the pages should be. */
  #digests: Buffer = Buffer.alloc(0);

  constructor(files: PriorFiles, { pageSize, blockBytes }: { pageSize: number; blockBytes: number }) {
    this.#files = files;
    this.#pageSize = pageSize;
    this.#pages = alignedBuffer(blockBytes);
    this.#scratch = alignedBuffer(blockBytes);
    this.#known = new Uint8Array(blockBytes / pageSize);
  }

  /** Goes on to other pages. `digests`: of as many pages as the block has, or the chain. */
  turnTo(firstPage: number, digests: Buffer): void {
    this.#firstPage = firstPage;
    this.#digests = digests;
    this.#known.fill(UNREAD);
  }

  /** Reads pages, by ascending numbers. To be called once for a block: those beside them become anything. @throws the system error */
  async load(pageNumbers: readonly number[]): Promise<void> {
    const indexes = pageNumbers.map((pageNumber) => pageNumber - this.#firstPage);
    await this.#files.load({ block: this.#pages, firstPage: this.#firstPage, overlaid: this.#scratch }, indexes);
    for (const index of indexes) this.#known[index] = READ;
  }

  /** Where a page that was read is to be changed into what it should be, or on the way there. */
  placeOf(pageNumber: number): PatchPlace {
    return { memory: this.#pages, start: (pageNumber - this.#firstPage) * this.#pageSize };
  }

  /**
   * Writes pages, by ascending numbers, into the overlay. What is not as it should be then counts as not read: an earlier attempt may
   * have changed it already.
   *
   * @throws the system error
   */
  keep(pageNumbers: readonly number[]): void {
    const proven: number[] = [];
    for (const pageNumber of pageNumbers) {
      const index = pageNumber - this.#firstPage;
      if (this.#known[index] === PROVEN || this.#isProven(index)) proven.push(index);
      else this.#known[index] = UNREAD;
    }
    this.#files.keep({ block: this.#pages, firstPage: this.#firstPage }, proven);
  }

  /** A page, valid until the block turns to others; undefined where the chain's own copies do not have it. */
  get(pageNumber: number): Buffer | undefined {
    const index = pageNumber - this.#firstPage;
    if (this.#known[index] === UNREAD) {
      this.#files.read(pageNumber, this.#at(index));
      this.#known[index] = READ;
    }
    if (this.#known[index] === READ && !this.#isProven(index)) {
      this.#files.readBase(pageNumber, this.#at(index));
      if (!this.#isProven(index)) this.#known[index] = LOST;
    }
    return this.#known[index] === PROVEN ? this.#at(index) : undefined;
  }

  #at(index: number): Buffer {
    return this.#pages.subarray(index * this.#pageSize, (index + 1) * this.#pageSize);
  }

  #isProven(index: number): boolean {
    const isProven = hasDigest(this.#at(index), this.#digests, index);
    if (isProven) this.#known[index] = PROVEN;
    return isProven;
  }
}
