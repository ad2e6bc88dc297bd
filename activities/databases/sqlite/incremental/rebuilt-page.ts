import { alignedBuffer } from '../../../aligned-memory.ts';
import { copyBytes } from './copy-bytes.ts';
import { PatchDamaged, type PatchPlace, readUint16 } from './page-patch.ts';

/**
 * What makes a page that SQLite rebuilt, mostly of cells that other pages had before (btree.c, `balance_nonroot` and `defragmentPage`).
 * All is little-endian:
 *
 *     u8 n, n × u32 page of the base                        the sources 1 to n; source 0 is the page's own version before
 *     u16 n, n × (u8 source, u16 where, u16 from, u16 length)  copies of bytes of a source
 *     u16 n, n × (u8 source, u16 where, u16 from, u16 count)   cell pointers (big-endian, 2 bytes) of a source, each moved as the first
 *                                                           copy of that source which holds what it points to, or else as it is
 *     u16 where, u16 length, bytes, to the end              puts these bytes there
 *
 * Field order and sizes are a format: `replay.sh` beside each chain reads them too.
 */

/** Other pages that one is made of. */
export const MAX_SOURCES = 3;

/** Of a copy, or a run of pointers. */
export const FIELDS_BYTES = 7;
/** Of a copy in memory: source, from, length, where. */
const COPY_FIELDS = 4;

/** Puts a page of the base into a memory. @throws {PatchDamaged} when there is no such page */
export type ReadBasePage = (pageNumber: number, target: Uint8Array) => void;

const NO_PAGE = -1;
/** Of a source; which copy holds a byte of it is looked up by them. */
const PIECE_BYTES = 16;
/** Above all places in the list of copies. */
const ROUND = 2 ** 16;

/** Rebuilds pages of one size. */
export class RebuildPatcher {
  readonly #size: number;
  readonly #read: ReadBasePage;
  readonly #sources: Uint8Array[];
  /** Which pages of the base the sources are; those that follow one another often have the same. */
  readonly #numbers = Array.from({ length: MAX_SOURCES + 1 }, () => NO_PAGE);
  readonly #reader = new FieldReader();
  /** Copies of the page at hand, four numbers each: an object for each, millions of times, would keep the garbage collector busy. */
  readonly #copies: Uint32Array;
  #copied = 0;
  /** By the pieces of the sources, where the first copy of one begins in the list, beside the round: that of another page counts no more. */
  readonly #firstCopies: Uint32Array;
  readonly #pieces: number;
  #round = 0;

  constructor(pageSize: number, read: ReadBasePage) {
    this.#size = pageSize;
    this.#read = read;
    const memory = alignedBuffer((MAX_SOURCES + 1) * pageSize);
    this.#sources = Array.from(
      { length: MAX_SOURCES + 1 },
      (_, index) => new Uint8Array(memory.buffer, index * pageSize, pageSize),
    );
    this.#copies = new Uint32Array(COPY_FIELDS * Math.ceil(pageSize / FIELDS_BYTES));
    this.#pieces = pageSize / PIECE_BYTES;
    this.#firstCopies = new Uint32Array((MAX_SOURCES + 1) * this.#pieces);
  }

  /**
   * Turns a page into its next version, in its place.
   *
   * @throws {PatchDamaged} with the page half changed
   */
  apply(place: PatchPlace, operations: Uint8Array, from: number, end: number): void {
    const { memory, start } = place;
    const reader = this.#reader.turnTo(operations, from, end);
    this.#sources[0]?.set(memory.subarray(start, start + this.#size));
    const lastSource = reader.u8(MAX_SOURCES);
    for (let index = 1; index <= lastSource; index++) this.#load(index, reader.u32());
    this.#copy(place, lastSource);
    this.#point(place, lastSource);
    while (!reader.isAtEnd) {
      const where = reader.u16();
      const length = this.#inside(where, reader.u16());
      copyBytes(operations, reader.skip(length), { target: memory, to: start + where, length });
    }
  }

  #load(index: number, pageNumber: number): void {
    if (this.#numbers[index] === pageNumber) return;
    this.#numbers[index] = NO_PAGE;
    this.#read(pageNumber, this.#sources[index] as Uint8Array);
    this.#numbers[index] = pageNumber;
  }

  #copy({ memory, start }: PatchPlace, lastSource: number): void {
    const [reader, copies] = [this.#reader, this.#copies];
    this.#copied = COPY_FIELDS * this.#atMost(reader.u16());
    if (++this.#round === ROUND) {
      this.#firstCopies.fill(0);
      this.#round = 1;
    }
    for (let at = 0; at < this.#copied; at += COPY_FIELDS) {
      const [source, where, from] = [reader.u8(lastSource), reader.u16(), reader.u16()];
      const length = this.#inside(where, reader.u16());
      this.#inside(from, length);
      [copies[at], copies[at + 1], copies[at + 2], copies[at + 3]] = [source, from, length, where];
      this.#noteCopy(at, { source, from, length });
      copyBytes(this.#sources[source] as Uint8Array, from, { target: memory, to: start + where, length });
    }
  }

  #point({ memory, start }: PatchPlace, lastSource: number): void {
    const reader = this.#reader;
    let pointers = 0;
    for (let runs = this.#atMost(reader.u16()); runs > 0; runs--) {
      const [source, where, from, count] = [reader.u8(lastSource), reader.u16(), reader.u16(), reader.u16()];
      this.#inside(where, count * 2);
      this.#inside(from, count * 2);
      pointers += count;
      if (2 * pointers > this.#size) throw new PatchDamaged('it has more pointers than a page');
      const page = this.#sources[source] as Uint8Array;
      for (let at = from, to = start + where; at < from + 2 * count; at += 2, to += 2) {
        const moved = this.#move(((page[at] ?? 0) << 8) | (page[at + 1] ?? 0), source);
        memory[to] = moved >> 8;
        memory[to + 1] = moved & 0xff;
      }
    }
  }

  #noteCopy(at: number, { source, from, length }: { source: number; from: number; length: number }): void {
    const start = source * this.#pieces;
    const last = start + Math.floor((from + length - 1) / PIECE_BYTES);
    for (let piece = start + Math.floor(from / PIECE_BYTES); piece <= last; piece++) {
      if ((this.#firstCopies[piece] ?? 0) < this.#round * ROUND) this.#firstCopies[piece] = this.#round * ROUND + at;
    }
  }

  /** Where a source's pointer points to after its copies. */
  #move(pointer: number, source: number): number {
    if (pointer >= this.#size) return pointer;
    const first = (this.#firstCopies[source * this.#pieces + Math.floor(pointer / PIECE_BYTES)] ?? 0) - this.#round * ROUND;
    if (first < 0) return pointer;
    const copies = this.#copies;
    for (let at = first; at < this.#copied; at += COPY_FIELDS) {
      const inside = pointer - (copies[at + 1] ?? 0);
      if (copies[at] === source && inside >= 0 && inside < (copies[at + 2] ?? 0)) return inside + (copies[at + 3] ?? 0);
    }
    return pointer;
  }

  /** Each operation takes some bytes of what is shorter than a page: more would only keep us busy. */
  #atMost(count: number): number {
    if (count * FIELDS_BYTES > this.#size) throw new PatchDamaged('it has more operations than a page has room for');
    return count;
  }

  /** Returns the length. */
  #inside(where: number, length: number): number {
    if (length === 0 || where + length > this.#size) throw new PatchDamaged('it reaches beyond its page');
    return length;
  }
}

/** Pages of the base that operations copy from. */
export function readSources(operations: Uint8Array): number[] {
  const reader = new FieldReader().turnTo(operations, 0, operations.length);
  return Array.from({ length: reader.u8(MAX_SOURCES) }, () => reader.u32());
}

/** Reads fields, none beyond the end. */
class FieldReader {
  #memory: Uint8Array = new Uint8Array();
  #end = 0;
  #at = 0;

  turnTo(memory: Uint8Array, from: number, end: number): this {
    this.#memory = memory;
    this.#at = from;
    this.#end = end;
    return this;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#end;
  }

  u8(highest: number): number {
    const value = this.#memory[this.skip(1)] ?? 0;
    if (value > highest) throw new PatchDamaged('it names a source that there is not');
    return value;
  }

  u16(): number {
    return readUint16(this.#memory, this.skip(2));
  }

  u32(): number {
    const at = this.skip(4);
    return readUint16(this.#memory, at) + readUint16(this.#memory, at + 2) * 0x1_0000;
  }

  /** Returns where what is passed over begins. */
  skip(length: number): number {
    const at = this.#at;
    if (at + length > this.#end) throw new PatchDamaged('it breaks off');
    this.#at += length;
    return at;
  }
}
