import { type Cells, createCells, hashCell, NO_HASH, readCells } from './cells.ts';

/** Entries, 8 bytes each. Where more cells are noted, later ones take the place of earlier ones. */
const ENTRIES = 2 ** 21;
/** One cell in so many is noted: enough to recognise a page that holds a tenth of another one's. */
const ONE_IN = 16;

/** Memory of an index, which takes as much as is written to. */
export function createIndexMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * ENTRIES * Uint32Array.BYTES_PER_ELEMENT);
}

/**
 * Tells on which pages cells were. It only says where to look; what is there has to be compared. So several threads may note and look at
 * once, each by an index of its own over the same memory.
 */
export class CellIndex {
  readonly #cells: Cells;
  readonly #hashes: Uint32Array;
  readonly #pages: Uint32Array;

  constructor(pageSize: number, memory: SharedArrayBuffer) {
    this.#cells = createCells(pageSize);
    this.#hashes = new Uint32Array(memory, 0, ENTRIES);
    this.#pages = new Uint32Array(memory, ENTRIES * Uint32Array.BYTES_PER_ELEMENT, ENTRIES);
  }

  /** Notes some cells of a page. */
  note(page: Uint8Array, pageNumber: number): void {
    this.#sample(page, (hash) => {
      const entry = entryOf(hash);
      this.#hashes[entry] = hash;
      this.#pages[entry] = pageNumber;
    });
  }

  /** Pages that have cells of this one, those with the most first. */
  find(page: Uint8Array): number[] {
    const found = new Map<number, number>();
    this.#sample(page, (hash) => {
      const entry = entryOf(hash);
      const pageNumber = this.#hashes[entry] === hash ? (this.#pages[entry] ?? 0) : 0;
      if (pageNumber > 0) found.set(pageNumber, (found.get(pageNumber) ?? 0) + 1);
    });
    return [...found.entries()].sort(([, left], [, right]) => right - left).map(([pageNumber]) => pageNumber);
  }

  #sample(page: Uint8Array, take: (hash: number) => void): void {
    const { count, offsets } = readCells(page, this.#cells);
    for (let slot = 0; slot < count; slot++) {
      const hash = hashCell(page, offsets[slot] ?? 0);
      if (hash !== NO_HASH && hash % ONE_IN === 0) take(hash);
    }
  }
}

/** Of the bits that do not choose the sample. */
function entryOf(hash: number): number {
  return (hash >>> 4) % ENTRIES;
}
