import { CELL_HEAD_BYTES, type Cells, createCells, hashCell, NO_HASH, readCells } from './cells.ts';
import { firstDifference, wordsOf } from './find-difference.ts';
import { FIELDS_BYTES, MAX_SOURCES, RebuildPatcher } from './rebuilt-page.ts';

/** Entries of the table of cells: more than all sources of a page have together. */
const SLOTS_PER_BYTE = 0.5;
/** Fewer pointers cost less as they are. */
const MIN_POINTERS = 4;
/** So many equal bytes end what differs: to put more takes 4. */
const RESUMES = 5;
/** Operations of more than this part of a page are not worth their reading. */
const WORTHWHILE = 0.75;
/** Without other pages, so many bytes of the page for each cell that may be found nowhere. */
const BYTES_A_MISSING_CELL = 256;
const SOURCE_BYTES = 4;
const PUT_BYTES = 4;
const COUNTS_BYTES = 5;
/** Above all places in a page. */
const POINTER_SOURCE = 2 ** 16;
const NOWHERE = -1;

interface Copy {
  source: number;
  where: number;
  from: number;
  length: number;
}

/** `count` pointers of 2 bytes. */
interface PointerRun {
  source: number;
  where: number;
  from: number;
  count: number;
}

/** A page of the base. */
export interface SourcePage {
  pageNumber: number;
  page: Uint8Array;
}

/** A source with its cells; the own version is of no page of the base. */
interface Source {
  page: Uint8Array;
  cells: Cells;
  /** By its offset, which pointer is that of a cell, from 1; 0 for none. */
  slots: Uint16Array;
}

/** Finds how SQLite rebuilt a page, cell by cell (rebuilt-page.ts). */
export class RebuildFinder {
  readonly #size: number;
  readonly #own: Source;
  readonly #sources: Source[];
  /** Sources and offsets of cells by their hashes: `1 + source * size + offset`. */
  readonly #table: Uint32Array;
  readonly #after: Cells;
  readonly #sorted: Uint16Array;
  readonly #image: Uint8Array;
  readonly #patcher: RebuildPatcher;
  #bases: readonly SourcePage[] = [];
  readonly #encoded: Buffer;
  /** Which copy wrote a byte of the new version, from 1. */
  readonly #writtenBy: Uint16Array;

  constructor(pageSize: number) {
    this.#size = pageSize;
    this.#sources = Array.from({ length: MAX_SOURCES + 1 }, () => ({
      page: new Uint8Array(),
      cells: createCells(pageSize),
      slots: new Uint16Array(pageSize),
    }));
    this.#own = this.#sources[0] as Source;
    this.#table = new Uint32Array(2 ** Math.ceil(Math.log2(pageSize * SLOTS_PER_BYTE)));
    this.#after = createCells(pageSize);
    this.#sorted = new Uint16Array(pageSize / 2);
    this.#image = new Uint8Array(pageSize);
    this.#patcher = new RebuildPatcher(pageSize, (pageNumber, target) => {
      target.set(this.#bases.find((base) => base.pageNumber === pageNumber)?.page ?? []);
    });
    this.#encoded = Buffer.alloc(pageSize);
    this.#writtenBy = new Uint16Array(pageSize);
  }

  /** As {@link find} does without pages of the base. @returns undefined also where a good part of the cells is not in `before` */
  findWithin(before: Uint8Array, after: Uint8Array): Buffer | undefined {
    return this.#find(before, after, { bases: [], maxMissing: this.#size / BYTES_A_MISSING_CELL });
  }

  /**
   * Operations that make `after` of `before` and of pages of the base, at most {@link MAX_SOURCES}, which was tried; valid until the
   * next call.
   *
   * @returns undefined where the page itself is as good
   */
  find(before: Uint8Array, after: Uint8Array, bases: readonly SourcePage[]): Buffer | undefined {
    return this.#find(before, after, { bases, maxMissing: this.#size });
  }

  #find(
    before: Uint8Array,
    after: Uint8Array,
    { bases, maxMissing }: { bases: readonly SourcePage[]; maxMissing: number },
  ): Buffer | undefined {
    const limit = this.#size * WORTHWHILE;
    if (readCells(after, this.#after).count === 0) return undefined;
    this.#load([before, ...bases.map(({ page }) => page)]);
    const copies = this.#findCopies(after, maxMissing);
    if (copies === undefined) return undefined;
    const runs = this.#findPointers(after, copies);
    this.#bases = bases;
    const end = this.#encodeMoves({ copies, runs, bases });
    if (end > limit) return undefined;
    this.#apply(before, end);
    const operations = this.#encodePuts(after, end, limit);
    if (operations === undefined) return undefined;
    // Once more, as whoever reads them will.
    this.#apply(before, operations.length);
    return Buffer.compare(this.#image, after) === 0 ? operations : undefined;
  }

  /** Makes the image of a version before and the operations so far. */
  #apply(before: Uint8Array, end: number): void {
    this.#image.set(before);
    this.#patcher.apply({ memory: this.#image, start: 0 }, this.#encoded, 0, end);
  }

  #load(pages: readonly Uint8Array[]): void {
    this.#table.fill(0);
    for (const [index, page] of pages.entries()) {
      const source = this.#sources[index] as Source;
      source.page = page;
      source.slots.fill(0);
      const { count, offsets } = readCells(page, source.cells);
      for (let slot = 0; slot < count; slot++) {
        const offset = offsets[slot] ?? 0;
        if (offset >= this.#size) continue;
        source.slots[offset] = slot + 1;
        const hash = hashCell(page, offset);
        if (hash === NO_HASH) continue;
        const entry = hash & (this.#table.length - 1);
        if (this.#table[entry] === 0) this.#table[entry] = 1 + index * this.#size + offset;
      }
    }
  }

  /** Undefined where more cells than that are found nowhere. */
  #findCopies(after: Uint8Array, maxMissing: number): Copy[] | undefined {
    const copies: Copy[] = [];
    let missing = 0;
    const { count, offsets } = this.#after;
    const sorted = this.#sorted.subarray(0, count);
    sorted.set(offsets.subarray(0, count));
    sorted.sort();
    let end = this.#after.pointersAt + 2 * count;
    this.#writtenBy.fill(0);
    for (const offset of sorted) {
      if (offset + CELL_HEAD_BYTES <= end) continue;
      const copy = this.#findCell(after, offset, end);
      if (copy === undefined && ++missing > maxMissing) return undefined;
      if (copy === undefined) continue;
      end = copy.where + copy.length;
      if (copy.source === 0 && copy.where === copy.from) continue;
      copies.push(copy);
      this.#writtenBy.fill(copies.length, copy.where, end);
    }
    return copies;
  }

  /** The longest stretch around a cell that a source has as well. */
  #findCell(after: Uint8Array, offset: number, notBefore: number): Copy | undefined {
    const hash = hashCell(after, offset);
    const entry = hash === NO_HASH ? 0 : (this.#table[hash & (this.#table.length - 1)] ?? 0);
    if (entry === 0) return undefined;
    const source = Math.floor((entry - 1) / this.#size);
    const from = (entry - 1) % this.#size;
    const { page } = this.#sources[source] as Source;
    let length = 0;
    while (offset + length < this.#size && from + length < this.#size && after[offset + length] === page[from + length]) length++;
    if (length < CELL_HEAD_BYTES) return undefined;
    let back = 0;
    while (offset - back > notBefore && from - back > 0 && after[offset - back - 1] === page[from - back - 1]) back++;
    return { source, where: offset - back, from: from - back, length: length + back };
  }

  #findPointers(after: Uint8Array, copies: readonly Copy[]): PointerRun[] {
    const runs: PointerRun[] = [];
    const { count, offsets, pointersAt } = this.#after;
    let run: PointerRun | undefined;
    for (let slot = 0; slot < count; slot++) {
      const where = pointersAt + 2 * slot;
      const found = this.#findPointer(offsets[slot] ?? 0, copies);
      if (run !== undefined && found === run.source * POINTER_SOURCE + run.from + 2 * run.count) run.count++;
      else if (found === NOWHERE || this.#isInPlace(after, where)) run = undefined;
      else {
        run = { source: Math.floor(found / POINTER_SOURCE), where, from: found % POINTER_SOURCE, count: 1 };
        runs.push(run);
      }
    }
    return runs.filter((one) => one.count >= MIN_POINTERS);
  }

  /** The pointer that becomes the one to this offset: `source * POINTER_SOURCE` and where it is there. */
  #findPointer(offset: number, copies: readonly Copy[]): number {
    if (offset >= this.#size) return NOWHERE;
    const copy = copies[(this.#writtenBy[offset] ?? 0) - 1];
    const index = copy?.source ?? 0;
    const pointer = copy === undefined ? offset : offset - copy.where + copy.from;
    const { cells, slots } = this.#sources[index] as Source;
    const slot = slots[pointer] ?? 0;
    if (slot === 0) return NOWHERE;
    return index * POINTER_SOURCE + cells.pointersAt + 2 * (slot - 1);
  }

  #isInPlace(after: Uint8Array, where: number): boolean {
    const { page } = this.#own;
    return page[where] === after[where] && page[where + 1] === after[where + 1];
  }

  /** Returns where they end. */
  #encodeMoves(found: { copies: readonly Copy[]; runs: readonly PointerRun[]; bases: readonly SourcePage[] }): number {
    const { copies, runs, bases } = found;
    const bytes = COUNTS_BYTES + bases.length * SOURCE_BYTES + (copies.length + runs.length) * FIELDS_BYTES;
    if (bytes > this.#size * WORTHWHILE) return bytes;
    const used = bases.map((_, index) => copies.some(({ source }) => source === index + 1));
    const numbers = [0, ...used.map((isUsed, index) => (isUsed ? used.slice(0, index + 1).filter(Boolean).length : 0))];
    let at = this.#encoded.writeUInt8(used.filter(Boolean).length, 0);
    for (const [index, { pageNumber }] of bases.entries()) if (used[index]) at = this.#encoded.writeUInt32LE(pageNumber, at);
    at = this.#encoded.writeUInt16LE(copies.length, at);
    for (const { source, where, from, length } of copies) at = this.#write(at, [numbers[source] ?? 0, where, from, length]);
    at = this.#encoded.writeUInt16LE(runs.length, at);
    for (const { source, where, from, count } of runs) at = this.#write(at, [numbers[source] ?? 0, where, from, count]);
    return at;
  }

  #write(at: number, [source, where, from, length]: [number, number, number, number]): number {
    this.#encoded.writeUInt8(source, at);
    this.#encoded.writeUInt16LE(where, at + 1);
    this.#encoded.writeUInt16LE(from, at + 3);
    return this.#encoded.writeUInt16LE(length, at + 5);
  }

  /** What is not yet as it must be. */
  #encodePuts(after: Uint8Array, start: number, limit: number): Buffer | undefined {
    const words = { before: wordsOf(this.#image), after: wordsOf(after) };
    let at = start;
    for (let where = 0; (where = firstDifference(words, where)) < this.#size; ) {
      const end = this.#endOfDifference(after, where);
      if (at + PUT_BYTES + end - where > limit) return undefined;
      at = this.#encoded.writeUInt16LE(where, at);
      at = this.#encoded.writeUInt16LE(end - where, at);
      this.#encoded.set(after.subarray(where, end), at);
      at += end - where;
      where = end;
    }
    return this.#encoded.subarray(0, at);
  }

  #endOfDifference(after: Uint8Array, start: number): number {
    let end = start + 1;
    for (let equal = 0; equal < RESUMES && end + equal < this.#size; ) {
      if (after[end + equal] === this.#image[end + equal]) equal++;
      else {
        end += equal + 1;
        equal = 0;
      }
    }
    return end;
  }
}
