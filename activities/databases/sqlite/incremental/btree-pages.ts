import { INTERIOR_HEADER_BYTES, LEAF_HEADER_BYTES } from './cells.ts';

/** A page by its header. Interior pages of tables have keys alone, all others a row or an entry in each cell. */
export interface BtreePage {
  isLeaf: boolean;
  isTable: boolean;
  cells: number;
}

/** Two bits tell what a page is, and stand above the number of its cells, which is 10,921 at most. */
const TABLE = 1;
const LEAF = 2;
const CELLS_BITS = 14;
const CELLS_MASK = 2 ** CELLS_BITS - 1;
/** From the first byte of a page (sqlite.org/fileformat2.html, 1.6) to these bits. */
const KINDS = new Uint8Array(256).fill(0xff);
KINDS[0x02] = 0;
KINDS[0x05] = TABLE;
KINDS[0x0a] = LEAF;
KINDS[0x0d] = TABLE | LEAF;

/** A cell with its place in the list of cells, at the least. */
const MIN_CELL_BYTES = 6;
const PAGE_NUMBER_BYTES = 4;
/** Nothing is kept of larger databases (32 GiB with pages of 4 KiB), for that would take more memory than a worker should. */
const MAX_PAGES = 2 ** 23;

/**
 * What the headers of all pages say if they are those of b-trees: the number of their cells, and their children. Some 6 bytes a page, and
 * 12 at most. What is no page of a b-tree may look like one, but no b-tree leads there. The first page is left out, for it begins with the
 * header of the file; it holds the schema.
 */
export class BtreePages {
  readonly #pageSize: number;
  /** By page number; 0 for what is no page of a b-tree, else its bits and 1 more than its cells. */
  readonly #heads: Uint16Array;
  /** Of each interior page in turn its number and its children. Each page has one parent, but free pages still name children, too. */
  readonly #families: Uint32Array;
  #familiesLength = 0;
  /** Where they begin, in the order of the interior pages. Both arrays take memory as far as they are written to. */
  readonly #starts: Uint32Array;
  #interiorPages = 0;

  constructor({ bytes, pageSize }: { bytes: number; pageSize: number }) {
    const pages = Math.floor(bytes / pageSize);
    const kept = pages > MAX_PAGES ? 0 : pages + 1;
    this.#pageSize = pageSize;
    this.#heads = new Uint16Array(kept);
    this.#families = new Uint32Array(kept * 2);
    this.#starts = new Uint32Array(kept >> 1);
  }

  /** Pages of the database, one more for their numbers begin at 1; 0 where nothing is kept. */
  get size(): number {
    return this.#heads.length;
  }

  /** Takes pages in, in their order. */
  take({ firstPage, pages }: { firstPage: number; pages: Buffer }): void {
    const size = this.#pageSize;
    const maxCells = Math.floor((size - LEAF_HEADER_BYTES) / MIN_CELL_BYTES);
    for (let page = firstPage, start = 0; start + size <= pages.length; page++, start += size) {
      const kind = KINDS[pages[start] as number] as number;
      if (kind > (TABLE | LEAF)) continue;
      const cells = ((pages[start + 3] as number) << 8) | (pages[start + 4] as number);
      if (cells > maxCells) continue;
      if ((kind & LEAF) === 0 && !this.#takeFamily(page, pages.subarray(start, start + size), cells)) continue;
      this.#heads[page] = (kind << CELLS_BITS) | (cells + 1);
    }
  }

  /** Returns whether it can be the interior page of a b-tree, and is kept. */
  #takeFamily(pageNumber: number, page: Buffer, cells: number): boolean {
    const families = this.#families;
    let end = this.#familiesLength;
    if (end + cells + 2 > families.length || this.#interiorPages === this.#starts.length) return false;
    families[end++] = pageNumber;
    for (let index = 0; index < cells; index++) {
      const cell = page.readUInt16BE(INTERIOR_HEADER_BYTES + 2 * index);
      if (cell + PAGE_NUMBER_BYTES > page.length) return false;
      families[end++] = page.readUInt32BE(cell);
    }
    families[end++] = page.readUInt32BE(LEAF_HEADER_BYTES);
    this.#starts[this.#interiorPages++] = this.#familiesLength;
    this.#familiesLength = end;
    return true;
  }

  /** What a page is; undefined where it is none of a b-tree. */
  at(page: number): BtreePage | undefined {
    const head = this.#heads[page] ?? 0;
    if (head === 0) return undefined;
    const kind = head >> CELLS_BITS;
    return { isLeaf: (kind & LEAF) !== 0, isTable: (kind & TABLE) !== 0, cells: (head & CELLS_MASK) - 1 };
  }

  /** Page numbers of the children of an interior page, from left to right. */
  childrenOf(page: number, { cells }: BtreePage): Uint32Array {
    let low = 0;
    for (let high = this.#interiorPages - 1; low < high; ) {
      const middle = (low + high) >> 1;
      if ((this.#families[this.#starts[middle] as number] as number) < page) low = middle + 1;
      else high = middle;
    }
    const first = (this.#starts[low] as number) + 1;
    return this.#families.subarray(first, first + cells + 1);
  }
}
