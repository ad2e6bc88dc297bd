import { firstDifference, wordsOf } from './find-difference.ts';
import { Operations, PagePatcher } from './page-patch.ts';

/** So many equal bytes end what differs: an operation costs 4 to 6. */
const RESUMES = 8;
/** Distances at which moved bytes are looked for first: each cell that is added moves what follows in the list of cells by 2. */
const STEPS = [0, 2, -2, 4, -4, 6, -6, 8, -8];
/** After so many bytes that are nowhere near, the whole page is searched. */
const PATIENCE = 32;
/** A patch that is hardly smaller than its page is not worth its reading. */
const WORTHWHILE = 0.75;
/** Such a part of a page that is nowhere in the one before: the rest is not looked at. */
const HOPELESS = 0.5;
const GRAM_BYTES = 4;

/** Finds what differs between two versions of a page. A row that changed takes some bytes, a cell that was added its own and a few. */
export class PageDiffer {
  readonly #size: number;
  readonly #operations = new Operations();
  readonly #patcher: PagePatcher;
  readonly #encoded: Buffer;
  readonly #proof: Buffer;
  readonly #grams: Int32Array;
  #hasGrams = false;
  #limit = 0;
  #shift = 0;
  #before: Uint8Array = new Uint8Array();
  #after: Uint8Array = new Uint8Array();

  constructor(pageSize: number) {
    this.#size = pageSize;
    this.#patcher = new PagePatcher(pageSize);
    this.#encoded = Buffer.alloc(pageSize);
    this.#proof = Buffer.alloc(pageSize);
    this.#grams = new Int32Array(pageSize);
  }

  /**
   * Operations that turn one version into the other, which was tried; valid until the next call. Both begin at a multiple of 4 of their
   * memory.
   *
   * @returns undefined where they would take more than a limit, by default that from which on the page itself is as good
   */
  diff(before: Uint8Array, after: Uint8Array, limit = this.#size * WORTHWHILE): Buffer | undefined {
    this.#limit = limit;
    this.#before = before;
    this.#after = after;
    this.#operations.clear();
    this.#hasGrams = false;
    this.#shift = 0;
    const words = { before: wordsOf(before), after: wordsOf(after) };
    for (let at = 0; (at = firstDifference(words, at)) < this.#size; ) {
      at = this.#describe(at);
      if (this.#operations.bytes > limit) return undefined;
    }
    const end = this.#operations.encode(after, this.#encoded, 0);
    const operations = this.#encoded.subarray(0, end);
    this.#proof.set(before);
    this.#patcher.apply({ memory: this.#proof, start: 0 }, operations, 0, end);
    return this.#proof.equals(after) ? operations : undefined;
  }

  /** Describes what differs from a place on. Returns where both go on alike. */
  #describe(start: number): number {
    for (let at = start + 1; at <= start + RESUMES; at++) {
      if (!this.#matches(at, at)) continue;
      this.#operations.put(start, at - start);
      return at;
    }
    let at = start;
    let putFrom = start;
    // A page that took the content of another one resembles its own nowhere.
    const last = start + Math.min(this.#limit, this.#size * HOPELESS);
    while (at < this.#size && !this.#matches(at, at)) {
      if (putFrom === start && at > last) at = this.#size - 1;
      const from = this.#findMoved(at, at - putFrom);
      if (from === undefined) {
        at++;
        continue;
      }
      const length = this.#lengthOf(at, from);
      this.#operations.put(putFrom, at - putFrom);
      this.#operations.copy(at, from, length);
      this.#shift = at - from;
      at += length;
      putFrom = at;
    }
    this.#operations.put(putFrom, at - putFrom);
    return at;
  }

  #findMoved(at: number, missed: number): number | undefined {
    if (missed < PATIENCE) {
      for (const step of STEPS) {
        const from = at - this.#shift - step;
        if (from !== at && this.#matches(at, from)) return from;
      }
    }
    const isSearched = this.#hasGrams || (missed >= PATIENCE && this.#limit >= this.#size * HOPELESS);
    return isSearched ? this.#findAnywhere(at) : undefined;
  }

  #findAnywhere(at: number): number | undefined {
    if (!this.#hasGrams) this.#index();
    const from = (this.#grams[this.#slot(this.#after, at)] ?? 0) - 1;
    return from >= 0 && from !== at && this.#matches(at, from) ? from : undefined;
  }

  /** Whether enough bytes of the new version are found at a place of the old one. */
  #matches(at: number, from: number): boolean {
    if (from < 0 || from > this.#size - RESUMES || at > this.#size - RESUMES)
      return at === from && this.#lengthOf(at, from) === this.#size - at;
    for (let index = 0; index < RESUMES; index++) {
      if (this.#after[at + index] !== this.#before[from + index]) return false;
    }
    return true;
  }

  #lengthOf(at: number, from: number): number {
    const most = this.#size - Math.max(at, from);
    let length = 0;
    while (length < most && this.#after[at + length] === this.#before[from + length]) length++;
    return length;
  }

  /** Notes where each four bytes of the old version are. */
  #index(): void {
    this.#grams.fill(0);
    for (let at = 0; at <= this.#size - GRAM_BYTES; at++) this.#grams[this.#slot(this.#before, at)] = at + 1;
    this.#hasGrams = true;
  }

  #slot(page: Uint8Array, at: number): number {
    const gram = (page[at] ?? 0) | ((page[at + 1] ?? 0) << 8) | ((page[at + 2] ?? 0) << 16) | ((page[at + 3] ?? 0) << 24);
    return (Math.imul(gram, 0x9e3779b1) >>> 8) % this.#size;
  }
}
