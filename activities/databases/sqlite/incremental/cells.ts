/** Headers of b-tree pages, without and with children (sqlite.org/fileformat2.html, 1.6). */
export const LEAF_HEADER_BYTES = 8;
export const INTERIOR_HEADER_BYTES = 12;
/** Their types, the first byte. */
const INTERIOR_TYPES = [2, 5];
const LEAF_TYPES = [10, 13];
const COUNT_OFFSET = 3;

/** Bytes ahead of what tells a cell from others: its size, and the types of its columns. */
const KEY_OFFSET = 4;
const KEY_BYTES = 12;
/** So much of a cell is compared. */
export const CELL_HEAD_BYTES = KEY_OFFSET + KEY_BYTES;

/** Of a cell that is too near to the end of its page. */
export const NO_HASH = 0;

/**
 * The cells of a page that is not the first of its database. A page that is none of a b-tree has none: what looks like one and is not does
 * no harm, as nothing but the choice of what to compare depends on it.
 */
export class Cells {
  page: Uint8Array = new Uint8Array();
  count = 0;
  /** Where the array of pointers begins. */
  pointersAt = 0;
  /** Where the cells are, in the order of their pointers: the first `count`. */
  readonly offsets: Uint16Array;
  /** Likewise, a number of each that cells with the same beginning share, of 32 bits. */
  readonly hashes: Uint32Array;

  /** Of pages of one size. */
  constructor(pageSize: number) {
    this.offsets = new Uint16Array(pageSize / 2);
    this.hashes = new Uint32Array(pageSize / 2);
  }

  turnTo(page: Uint8Array): this {
    const type = page[0] ?? 0;
    const isInterior = INTERIOR_TYPES.includes(type);
    const pointersAt = isInterior ? INTERIOR_HEADER_BYTES : LEAF_HEADER_BYTES;
    const said = ((page[COUNT_OFFSET] ?? 0) << 8) | (page[COUNT_OFFSET + 1] ?? 0);
    const count = Math.min(said, Math.floor((page.length - pointersAt) / 2));
    this.page = page;
    this.pointersAt = pointersAt;
    this.count = isInterior || LEAF_TYPES.includes(type) ? count : 0;
    if (this.count > 0) this.#read(new DataView(page.buffer, page.byteOffset, page.byteLength));
    return this;
  }

  #read(page: DataView): void {
    const { count, offsets, hashes } = this;
    const lastOffset = page.byteLength - CELL_HEAD_BYTES;
    for (let slot = 0, at = this.pointersAt; slot < count; slot++, at += 2) {
      const offset = page.getUint16(at);
      offsets[slot] = offset;
      hashes[slot] = offset > lastOffset ? NO_HASH : hashKey(page, offset + KEY_OFFSET);
    }
  }
}

/** Of {@link KEY_BYTES}; never {@link NO_HASH}. */
function hashKey(page: DataView, at: number): number {
  let hash = mix(page.getInt32(at, true));
  hash = mix(hash ^ page.getInt32(at + 4, true));
  return mix(hash ^ page.getInt32(at + 8, true)) >>> 0 || 1;
}

function mix(word: number): number {
  const product = Math.imul(word, 0x9e3779b1);
  return product ^ (product >>> 15);
}
