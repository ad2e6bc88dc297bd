import { CELL_HEAD_BYTES, type Cells, NO_HASH } from './cells.ts';
import { MoveList } from './move-list.ts';
import { RebuildEncoder } from './rebuild-encoder.ts';
import { MAX_SOURCES, RebuildPatcher } from './rebuilt-page.ts';

/** Entries of the table of cells: more than all sources of a page have together. */
const SLOTS_PER_BYTE = 0.5;
/** Fewer pointers cost less as they are. */
const MIN_POINTERS = 4;
/** Without other pages, so many bytes of the page for each cell that may be found nowhere. */
const BYTES_A_MISSING_CELL = 256;
/** Above all places in a page. */
const POINTER_SOURCE = 2 ** 16;
const NOWHERE = -1;
const BITS = 32;

/** A page of the base. */
export interface SourcePage {
  pageNumber: number;
  cells: Cells;
}

/** Finds how SQLite rebuilt a page, cell by cell (rebuilt-page.ts). What it works with is made once: it is asked hundreds of thousands of times. */
export class RebuildFinder {
  readonly #size: number;
  /** The version before, which is of no page of the base, and pages of the base. */
  readonly #sources: Cells[] = [];
  /** By source and offset of a cell, which pointer is its, from 1; 0 for none. */
  readonly #slots: Uint16Array[];
  /** Sources and offsets of cells by their hashes: `1 + source * size + offset`. */
  readonly #table: Uint32Array;
  /** A bit for each byte of the new version where a cell begins, and there, by its offset, its hash. */
  readonly #begins: Uint32Array;
  readonly #hashes: Uint32Array;
  /** Which copy wrote a byte of the new version, from 1. */
  readonly #writtenBy: Uint16Array;
  readonly #copies: MoveList;
  readonly #runs: MoveList;
  readonly #image: Uint8Array;
  readonly #encoder: RebuildEncoder;
  readonly #patcher: RebuildPatcher;
  #bases: readonly SourcePage[] = [];
  /** Cells of the latest page that were found nowhere, or as many as were too many. */
  missing = 0;

  constructor(pageSize: number) {
    this.#size = pageSize;
    this.#slots = Array.from({ length: MAX_SOURCES + 1 }, () => new Uint16Array(pageSize));
    this.#table = new Uint32Array(2 ** Math.ceil(Math.log2(pageSize * SLOTS_PER_BYTE)));
    this.#begins = new Uint32Array(pageSize / BITS);
    this.#hashes = new Uint32Array(pageSize);
    this.#writtenBy = new Uint16Array(pageSize);
    this.#copies = new MoveList(pageSize / 2);
    this.#runs = new MoveList(pageSize / 2);
    this.#image = new Uint8Array(pageSize);
    this.#encoder = new RebuildEncoder(pageSize);
    this.#patcher = new RebuildPatcher(pageSize, (pageNumber, target) => {
      for (const base of this.#bases) if (base.pageNumber === pageNumber) target.set(base.cells.page);
    });
  }

  /** As {@link find} does without pages of the base. @returns undefined also where a good part of the cells is not in `before` */
  findWithin(before: Cells, after: Cells): Uint8Array | undefined {
    return this.#find(before, after, [], this.#size / BYTES_A_MISSING_CELL);
  }

  /**
   * Operations that make `after` of `before` and of pages of the base, at most {@link MAX_SOURCES}, which was tried; valid until the
   * next call. All pages begin at a multiple of 4 of their memory.
   *
   * @returns undefined where the page itself is as good
   */
  find(before: Cells, after: Cells, bases: readonly SourcePage[]): Uint8Array | undefined {
    return this.#find(before, after, bases, this.#size);
  }

  #find(before: Cells, after: Cells, bases: readonly SourcePage[], maxMissing: number): Uint8Array | undefined {
    if (after.count === 0) return undefined;
    this.#bases = bases;
    this.#table.fill(0);
    this.#sources.length = 0;
    this.#load(before);
    for (const { cells } of bases) this.#load(cells);
    if (!this.#findCopies(after, maxMissing)) return undefined;
    this.#findPointers(after);
    const moved = this.#encoder.encodeMoves(this.#copies, this.#runs, bases);
    if (moved === undefined) return undefined;
    this.#apply(before.page, moved);
    const operations = this.#encoder.encodePuts(this.#image, after.page);
    if (operations === undefined) return undefined;
    // Once more, as whoever reads them will.
    this.#apply(before.page, operations);
    return Buffer.compare(this.#image, after.page) === 0 ? operations : undefined;
  }

  /** Makes the image of a version before and the operations so far. */
  #apply(before: Uint8Array, operations: Uint8Array): void {
    this.#image.set(before);
    this.#patcher.apply({ memory: this.#image, start: 0 }, operations, 0, operations.length);
  }

  #load(cells: Cells): void {
    const source = this.#sources.push(cells) - 1;
    const { count, hashes, offsets } = cells;
    const [slots, table, size] = [this.#slots[source] as Uint16Array, this.#table, this.#size];
    slots.fill(0);
    for (let slot = 0; slot < count; slot++) {
      const offset = offsets[slot] ?? 0;
      if (offset >= size) continue;
      slots[offset] = slot + 1;
      const hash = hashes[slot] ?? NO_HASH;
      const entry = hash & (table.length - 1);
      if (hash !== NO_HASH && table[entry] === 0) table[entry] = 1 + source * size + offset;
    }
  }

  /** Returns false where more cells than that are found nowhere. */
  #findCopies(after: Cells, maxMissing: number): boolean {
    this.missing = this.#noteBegins(after);
    let end = after.pointersAt + 2 * after.count;
    this.#copies.clear();
    this.#writtenBy.fill(0);
    for (let word = 0; word < this.#begins.length; word++) {
      for (let bits = this.#begins[word] ?? 0; bits !== 0; bits &= bits - 1) {
        const offset = word * BITS + (BITS - 1 - Math.clz32(bits & -bits));
        if (offset + CELL_HEAD_BYTES <= end) continue;
        const copied = this.#copyCell(after, offset, end);
        if (copied === 0 && ++this.missing > maxMissing) return false;
        if (copied > 0) end = copied;
      }
    }
    return this.missing <= maxMissing;
  }

  /** Returns how many cells there cannot be, for they are too near to the end of the page or beyond it. */
  #noteBegins({ count, hashes, offsets }: Cells): number {
    let none = 0;
    this.#begins.fill(0);
    for (let slot = 0; slot < count; slot++) {
      const offset = offsets[slot] ?? 0;
      const hash = hashes[slot] ?? NO_HASH;
      if (hash === NO_HASH) {
        none++;
        continue;
      }
      this.#begins[offset >>> 5] = (this.#begins[offset >>> 5] ?? 0) | (1 << (offset & (BITS - 1)));
      this.#hashes[offset] = hash;
    }
    return none;
  }

  /** Copies the longest stretch around a cell that a source has as well. Returns where it ends, or 0. */
  #copyCell({ page: after }: Cells, offset: number, notBefore: number): number {
    const entry = this.#table[(this.#hashes[offset] ?? 0) & (this.#table.length - 1)] ?? 0;
    if (entry === 0) return 0;
    const size = this.#size;
    const source = Math.floor((entry - 1) / size);
    const from = (entry - 1) % size;
    const { page } = this.#sources[source] as Cells;
    let length = 0;
    const most = size - Math.max(offset, from);
    while (length < most && after[offset + length] === page[from + length]) length++;
    if (length < CELL_HEAD_BYTES) return 0;
    let back = 0;
    const first = Math.min(offset - notBefore, from);
    while (back < first && after[offset - back - 1] === page[from - back - 1]) back++;
    const where = offset - back;
    if (source === 0 && where === from - back) return offset + length;
    this.#copies.add(source, where, from - back, length + back);
    this.#writtenBy.fill(this.#copies.count, where, offset + length);
    return offset + length;
  }

  #findPointers({ count, offsets, page, pointersAt }: Cells): void {
    const runs = this.#runs;
    runs.clear();
    /** The pointer that would go on with the run at hand. */
    let next = NOWHERE;
    for (let slot = 0; slot < count; slot++) {
      const where = pointersAt + 2 * slot;
      const found = this.#findPointer(offsets[slot] ?? 0);
      const goesOn = found !== NOWHERE && found === next;
      if (goesOn) runs.lengthen();
      else if (found !== NOWHERE && !this.#isInPlace(page, where)) {
        runs.dropShort(MIN_POINTERS);
        runs.add(Math.floor(found / POINTER_SOURCE), where, found % POINTER_SOURCE, 1);
      } else {
        next = NOWHERE;
        continue;
      }
      next = found + 2;
    }
    runs.dropShort(MIN_POINTERS);
  }

  /** The pointer that becomes the one to this offset: `source * POINTER_SOURCE` and where it is there. */
  #findPointer(offset: number): number {
    if (offset >= this.#size) return NOWHERE;
    const copy = (this.#writtenBy[offset] ?? 0) - 1;
    const source = copy < 0 ? 0 : this.#copies.source(copy);
    const pointer = copy < 0 ? offset : offset - this.#copies.where(copy) + this.#copies.from(copy);
    const slot = this.#slots[source]?.[pointer] ?? 0;
    return slot === 0 ? NOWHERE : source * POINTER_SOURCE + (this.#sources[source] as Cells).pointersAt + 2 * (slot - 1);
  }

  #isInPlace(page: Uint8Array, where: number): boolean {
    const own = (this.#sources[0] as Cells).page;
    return page[where] === own[where] && page[where + 1] === own[where + 1];
  }
}
