import { firstDifference, wordsOf } from './find-difference.ts';
import type { MoveList } from './move-list.ts';
import type { SourcePage } from './rebuild-finder.ts';
import { FIELDS_BYTES, MAX_SOURCES } from './rebuilt-page.ts';

/** So many equal bytes end what differs: to put more takes 4. */
const RESUMES = 5;
/** Operations of more than this part of a page are not worth their reading. */
const WORTHWHILE = 0.75;
const SOURCE_BYTES = 4;
const PUT_BYTES = 4;
const COUNTS_BYTES = 5;

/** Writes operations that rebuild pages of one size (rebuilt-page.ts). What comes back is valid until the next page. */
export class RebuildEncoder {
  readonly #size: number;
  readonly #encoded: Uint8Array;
  #end = 0;
  /** By source of a list, from 0, its number among those that are copied from. */
  readonly #numbers = new Uint8Array(MAX_SOURCES + 1);

  constructor(pageSize: number) {
    this.#size = pageSize;
    this.#encoded = new Uint8Array(pageSize);
  }

  /** Begins with a page. @returns undefined where its operations would not be worth their reading */
  encodeMoves(copies: MoveList, runs: MoveList, bases: readonly SourcePage[]): Uint8Array | undefined {
    const bytes = COUNTS_BYTES + bases.length * SOURCE_BYTES + (copies.count + runs.count) * FIELDS_BYTES;
    if (bytes > this.#size * WORTHWHILE) return undefined;
    this.#end = 1;
    this.#encoded[0] = this.#numberSources(copies);
    for (let index = 0; index < bases.length; index++) {
      if (this.#numbers[index + 1] === 0) continue;
      const pageNumber = bases[index]?.pageNumber ?? 0;
      this.#u16(pageNumber);
      this.#u16(pageNumber >>> 16);
    }
    this.#list(copies);
    this.#list(runs);
    return this.#encoded.subarray(0, this.#end);
  }

  /** Goes on with what is not yet as it must be. @returns all operations, or undefined as above */
  encodePuts(image: Uint8Array, after: Uint8Array): Uint8Array | undefined {
    const words = { before: wordsOf(image), after: wordsOf(after) };
    const limit = this.#size * WORTHWHILE;
    for (let where = 0; (where = firstDifference(words, where)) < this.#size; ) {
      const end = this.#endOfDifference(image, after, where);
      if (this.#end + PUT_BYTES + end - where > limit) return undefined;
      this.#u16(where);
      this.#u16(end - where);
      for (let at = where; at < end; at++) this.#encoded[this.#end++] = after[at] ?? 0;
      where = end;
    }
    return this.#encoded.subarray(0, this.#end);
  }

  /** Returns how many are copied from, besides the page's own version. A run of pointers is of a source that is. */
  #numberSources(copies: MoveList): number {
    const numbers = this.#numbers;
    numbers.fill(0);
    for (let index = 0; index < copies.count; index++) numbers[copies.source(index)] = 1;
    numbers[0] = 0;
    let used = 0;
    for (let source = 1; source < numbers.length; source++) if (numbers[source] === 1) numbers[source] = ++used;
    return used;
  }

  #list(moves: MoveList): void {
    this.#u16(moves.count);
    for (let index = 0; index < moves.count; index++) {
      this.#encoded[this.#end++] = this.#numbers[moves.source(index)] ?? 0;
      this.#u16(moves.where(index));
      this.#u16(moves.from(index));
      this.#u16(moves.length(index));
    }
  }

  #u16(value: number): void {
    this.#encoded[this.#end++] = value;
    this.#encoded[this.#end++] = value >>> 8;
  }

  #endOfDifference(image: Uint8Array, after: Uint8Array, start: number): number {
    let end = start + 1;
    for (let equal = 0; equal < RESUMES && end + equal < this.#size; ) {
      if (after[end + equal] === image[end + equal]) equal++;
      else {
        end += equal + 1;
        equal = 0;
      }
    }
    return end;
  }
}
