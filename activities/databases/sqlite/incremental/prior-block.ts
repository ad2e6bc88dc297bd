import { alignedMemory } from './adaptive-file.ts';
import type { PatchPlace } from './page-patch.ts';
import { hasDigest } from './page-table.ts';
import type { PriorFiles, Scratch } from './prior-files.ts';

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
  readonly #scratch: Scratch;
  readonly #known: Uint8Array;
  #firstPage = 1;
  /** What the pages should be. */
  #digests: Buffer = Buffer.alloc(0);

  constructor(files: PriorFiles, { pageSize, blockBytes }: { pageSize: number; blockBytes: number }) {
    this.#files = files;
    this.#pageSize = pageSize;
    // Of their own memory, so that pages begin at a multiple of 4.
    this.#pages = Buffer.from(new ArrayBuffer(blockBytes));
    this.#scratch = { based: Buffer.from(alignedMemory(blockBytes)), overlaid: Buffer.from(alignedMemory(blockBytes)) };
    this.#known = new Uint8Array(blockBytes / pageSize);
  }

  /** Goes on to other pages. `digests`: of as many pages as the block has, or the chain. */
  turnTo(firstPage: number, digests: Buffer): void {
    this.#firstPage = firstPage;
    this.#digests = digests;
    this.#known.fill(UNREAD);
  }

  /** Reads pages, by ascending numbers, as far as they were not read yet. @throws the system error */
  async load(pageNumbers: readonly number[]): Promise<void> {
    const indexes = pageNumbers
      .map((pageNumber) => pageNumber - this.#firstPage)
      .filter((index) => this.#known[index] === UNREAD);
    await this.#files.load({ block: this.#pages, firstPage: this.#firstPage, ...this.#scratch }, indexes);
    for (const index of indexes) this.#known[index] = READ;
  }

  /** Where a page that was read is to be changed into what it should be, or on the way there. */
  placeOf(pageNumber: number): PatchPlace {
    return { memory: this.#pages, start: (pageNumber - this.#firstPage) * this.#pageSize };
  }

  /**
   * Writes pages that deltas changed, by ascending numbers, into the overlay. What is not as it should be then counts as not read: an
   * earlier attempt may have changed it already.
   *
   * @throws the system error
   */
  async keep(pageNumbers: readonly number[]): Promise<void> {
    const proven: number[] = [];
    for (const pageNumber of pageNumbers) {
      const index = pageNumber - this.#firstPage;
      if (this.#isProven(index)) proven.push(index);
      else this.#known[index] = UNREAD;
    }
    await this.#files.keep({ block: this.#pages, firstPage: this.#firstPage }, proven);
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
