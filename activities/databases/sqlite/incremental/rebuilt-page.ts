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
const FIELDS_BYTES = 7;

export interface Copy {
  source: number;
  where: number;
  from: number;
  length: number;
}

/** `count` pointers of 2 bytes. */
export interface PointerRun {
  source: number;
  where: number;
  from: number;
  count: number;
}

/** Puts a page of the base into a memory. @throws {PatchDamaged} when there is no such page */
export type ReadBasePage = (pageNumber: number, target: Uint8Array) => void;

/** Rebuilds pages of one size. */
export class RebuildPatcher {
  readonly #size: number;
  readonly #read: ReadBasePage;
  readonly #sources: Uint8Array[];
  readonly #copies: Copy[] = [];

  constructor(pageSize: number, read: ReadBasePage) {
    this.#size = pageSize;
    this.#read = read;
    this.#sources = Array.from({ length: MAX_SOURCES + 1 }, () => new Uint8Array(pageSize));
  }

  /**
   * Turns a page into its next version, in its place.
   *
   * @throws {PatchDamaged} with the page half changed
   */
  apply(place: PatchPlace, operations: Uint8Array, from: number, end: number): void {
    this.#sources[0]?.set(place.memory.subarray(place.start, place.start + this.#size));
    const reader = new FieldReader(operations, from, end);
    const last = reader.u8(MAX_SOURCES);
    for (let index = 1; index <= last; index++) this.#read(reader.u32(), this.#sources[index] as Uint8Array);
    this.#copy(place, reader, last);
    this.#point(place, reader, last);
    while (!reader.isAtEnd) {
      const where = reader.u16();
      const length = this.#inside(where, reader.u16());
      reader.bytes(length, place.memory, place.start + where);
    }
  }

  #copy({ memory, start }: PatchPlace, reader: FieldReader, lastSource: number): void {
    this.#copies.length = 0;
    for (let count = this.#atMost(reader.u16()); count > 0; count--) {
      const copy = { source: reader.u8(lastSource), where: reader.u16(), from: reader.u16(), length: reader.u16() };
      this.#inside(copy.where, copy.length);
      this.#inside(copy.from, copy.length);
      this.#copies.push(copy);
      copyInto(memory, start, this.#sources[copy.source] as Uint8Array, copy);
    }
  }

  #point({ memory, start }: PatchPlace, reader: FieldReader, lastSource: number): void {
    let pointers = 0;
    for (let runs = this.#atMost(reader.u16()); runs > 0; runs--) {
      const run = { source: reader.u8(lastSource), where: reader.u16(), from: reader.u16(), count: reader.u16() };
      this.#inside(run.where, run.count * 2);
      pointers += run.count;
      if (2 * pointers > this.#size) throw new PatchDamaged('it has more pointers than a page');
      this.#inside(run.from, run.count * 2);
      pointInto(memory, start, this.#sources[run.source] as Uint8Array, { run, copies: this.#copies });
    }
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
  const reader = new FieldReader(operations, 0, operations.length);
  return Array.from({ length: reader.u8(MAX_SOURCES) }, () => reader.u32());
}

/** Carries out a copy on the page at `start`. */
export function copyInto(memory: Uint8Array, start: number, source: Uint8Array, { where, from, length }: Copy): void {
  memory.set(source.subarray(from, from + length), start + where);
}

/** Writes moved pointers into the page at `start`. */
export function pointInto(
  memory: Uint8Array,
  start: number,
  source: Uint8Array,
  { run, copies }: { run: PointerRun; copies: readonly Copy[] },
): void {
  for (let index = 0; index < run.count; index++) {
    const at = run.from + 2 * index;
    const moved = movePointer(((source[at] ?? 0) << 8) | (source[at + 1] ?? 0), run.source, copies);
    memory[start + run.where + 2 * index] = moved >> 8;
    memory[start + run.where + 2 * index + 1] = moved & 0xff;
  }
}

/** Where a source's pointer points to after its copies. */
export function movePointer(pointer: number, source: number, copies: readonly Copy[]): number {
  for (let index = 0; index < copies.length; index++) {
    const copy = copies[index] as Copy;
    const inside = pointer - copy.from;
    if (copy.source === source && inside >= 0 && inside < copy.length) return inside + copy.where;
  }
  return pointer;
}

/** Reads fields, none beyond the end. */
class FieldReader {
  readonly #memory: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(memory: Uint8Array, from: number, end: number) {
    this.#memory = memory;
    this.#at = from;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#end;
  }

  u8(highest: number): number {
    const value = this.#memory[this.#skip(1)] ?? 0;
    if (value > highest) throw new PatchDamaged('it names a source that there is not');
    return value;
  }

  u16(): number {
    return readUint16(this.#memory, this.#skip(2));
  }

  u32(): number {
    const at = this.#skip(4);
    return readUint16(this.#memory, at) + readUint16(this.#memory, at + 2) * 0x1_0000;
  }

  bytes(length: number, target: Uint8Array, at: number): void {
    const from = this.#skip(length);
    target.set(this.#memory.subarray(from, from + length), at);
  }

  #skip(length: number): number {
    const at = this.#at;
    if (at + length > this.#end) throw new PatchDamaged('it breaks off');
    this.#at += length;
    return at;
  }
}
