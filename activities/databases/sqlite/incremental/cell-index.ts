import { type Cells, NO_HASH } from './cells.ts';

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
  readonly #hashes: Uint32Array;
  readonly #pages: Uint32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#hashes = new Uint32Array(memory, 0, ENTRIES);
    this.#pages = new Uint32Array(memory, ENTRIES * Uint32Array.BYTES_PER_ELEMENT, ENTRIES);
  }

  /** Notes some cells of a page. */
  note({ count, hashes }: Cells, pageNumber: number): void {
    for (let slot = 0; slot < count; slot++) {
      const hash = hashes[slot] ?? NO_HASH;
      if (!isNoted(hash)) continue;
      this.#hashes[entryOf(hash)] = hash;
      this.#pages[entryOf(hash)] = pageNumber;
    }
  }

  /** Pages that have cells of this one, those with the most first. */
  find({ count, hashes }: Cells): number[] {
    const pages: number[] = [];
    const cells: number[] = [];
    for (let slot = 0; slot < count; slot++) {
      const hash = hashes[slot] ?? NO_HASH;
      if (!isNoted(hash) || this.#hashes[entryOf(hash)] !== hash) continue;
      const page = this.#pages[entryOf(hash)] ?? 0;
      const known = pages.indexOf(page);
      if (known === -1) cells[pages.push(page) - 1] = 1;
      else cells[known] = (cells[known] ?? 0) + 1;
    }
    const order = pages.map((_, index) => index).sort((left, right) => (cells[right] ?? 0) - (cells[left] ?? 0));
    return order.map((index) => pages[index] ?? 0);
  }
}

function isNoted(hash: number): boolean {
  return hash !== NO_HASH && hash % ONE_IN === 0;
}

/** Of the bits that do not choose the sample. */
function entryOf(hash: number): number {
  return (hash >>> 4) % ENTRIES;
}
