/** Headers of b-tree pages, without and with children (sqlite.org/fileformat2.html, 1.6). */
export const LEAF_HEADER_BYTES = 8;
export const INTERIOR_HEADER_BYTES = 12;
/** Their types, the first byte. */
const INTERIOR_TYPES = [2, 5];
const LEAF_TYPES = [10, 13];
const COUNT_OFFSET = 3;

/** Where the cells of a page are, in the order of its pointers. */
export interface Cells {
  count: number;
  /** Where the array of pointers begins. */
  pointersAt: number;
  /** The first `count` are those of the page. */
  offsets: Uint16Array;
}

/** Room for the cells of a page of some size. */
export function createCells(pageSize: number): Cells {
  return { count: 0, pointersAt: 0, offsets: new Uint16Array(pageSize / 2) };
}

/**
 * Finds the cells of a page that is not the first of its database. A page that is none of a b-tree has none: what looks like one and is not
 * does no harm, as nothing but the choice of what to compare depends on it.
 */
export function readCells(page: Uint8Array, cells: Cells): Cells {
  const type = page[0] ?? 0;
  const isInterior = INTERIOR_TYPES.includes(type);
  cells.pointersAt = isInterior ? INTERIOR_HEADER_BYTES : LEAF_HEADER_BYTES;
  const said = ((page[COUNT_OFFSET] ?? 0) << 8) | (page[COUNT_OFFSET + 1] ?? 0);
  const most = Math.floor((page.length - cells.pointersAt) / 2);
  cells.count = isInterior || LEAF_TYPES.includes(type) ? Math.min(said, most) : 0;
  for (let slot = 0, at = cells.pointersAt; slot < cells.count; slot++, at += 2) {
    cells.offsets[slot] = ((page[at] ?? 0) << 8) | (page[at + 1] ?? 0);
  }
  return cells;
}

/** Bytes ahead of what tells a cell from others: its size, and the types of its columns. */
const KEY_OFFSET = 4;
const KEY_BYTES = 12;
/** So much of a cell is compared. */
export const CELL_HEAD_BYTES = KEY_OFFSET + KEY_BYTES;

/** Of a cell that is too near to the end of its page. */
export const NO_HASH = 0;

/** A number that cells with the same beginning share, of 32 bits. */
export function hashCell(page: Uint8Array, offset: number): number {
  if (offset + CELL_HEAD_BYTES > page.length) return NO_HASH;
  let hash = 0;
  for (let at = offset + KEY_OFFSET; at < offset + CELL_HEAD_BYTES; at += 4) {
    const word = (page[at] ?? 0) | ((page[at + 1] ?? 0) << 8) | ((page[at + 2] ?? 0) << 16) | ((page[at + 3] ?? 0) << 24);
    hash = Math.imul(hash ^ word, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}
