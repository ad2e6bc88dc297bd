import { type Cells, createCells, hashCell, NO_HASH, readCells } from './cells.ts';
import type { SourcePage } from './rebuild-finder.ts';
import { MAX_SOURCES } from './rebuilt-page.ts';

/** A source that gives fewer cells costs more than it saves. */
const MIN_CELLS = 2;
/** A page that is not among the candidates yet, or no longer. */
const NONE = -1;

interface Candidate {
  source: SourcePage;
  /** Of its cells. */
  hashes: Uint32Array;
}

/** Chooses what a page is best made of. Hashes of cells stand for them: what is made of the pages is compared later. */
export class SourceChooser {
  readonly #cells: Cells;
  /** Hashes of cells that are still to be found, each at the entry of its lower bits. */
  readonly #wanted: Uint32Array;
  readonly #hashes: Uint32Array;
  /** Of the candidates, each in a memory of its own. */
  readonly #ofCandidates: Uint32Array[] = [];

  constructor(pageSize: number) {
    this.#cells = createCells(pageSize);
    this.#wanted = new Uint32Array(2 ** Math.ceil(Math.log2(pageSize)));
    this.#hashes = new Uint32Array(pageSize / 2);
  }

  /**
   * Those of some pages that together have the most of a page's cells which its version before does not have; the one with the most
   * first.
   */
  choose(page: Uint8Array, before: Uint8Array | undefined, candidates: readonly SourcePage[]): SourcePage[] {
    this.#want(this.#hash(page, this.#hashes));
    if (before !== undefined) this.#strike(this.#hash(before, this.#hashes));
    const left = candidates.map((source, index) => ({ source, hashes: this.#hash(source.page, this.#memory(index)) }));
    const chosen: SourcePage[] = [];
    while (chosen.length < MAX_SOURCES) {
      const best = this.#findBest(left);
      if (best === NONE) break;
      const [{ source, hashes }] = left.splice(best, 1) as [Candidate];
      chosen.push(source);
      this.#strike(hashes);
    }
    return chosen;
  }

  #findBest(candidates: readonly Candidate[]): number {
    let [best, most] = [NONE, MIN_CELLS - 1];
    for (const [index, { hashes }] of candidates.entries()) {
      const found = this.#count(hashes);
      if (found > most) [best, most] = [index, found];
    }
    return best;
  }

  #want(hashes: Uint32Array): void {
    this.#wanted.fill(0);
    for (let index = 0; index < hashes.length; index++) this.#wanted[this.#entry(hashes[index] ?? 0)] = hashes[index] ?? 0;
  }

  #strike(hashes: Uint32Array): void {
    for (let index = 0; index < hashes.length; index++) {
      const entry = this.#entry(hashes[index] ?? 0);
      if (this.#wanted[entry] === hashes[index]) this.#wanted[entry] = 0;
    }
  }

  #count(hashes: Uint32Array): number {
    let found = 0;
    for (let index = 0; index < hashes.length; index++) {
      if (this.#wanted[this.#entry(hashes[index] ?? 0)] === hashes[index]) found++;
    }
    return found;
  }

  #entry(hash: number): number {
    return hash & (this.#wanted.length - 1);
  }

  /** Into a memory that has room for all cells of a page. */
  #hash(page: Uint8Array, memory: Uint32Array): Uint32Array {
    const { count, offsets } = readCells(page, this.#cells);
    let hashed = 0;
    for (let slot = 0; slot < count; slot++) {
      const hash = hashCell(page, offsets[slot] ?? 0);
      if (hash !== NO_HASH) memory[hashed++] = hash;
    }
    return memory.subarray(0, hashed);
  }

  #memory(index: number): Uint32Array {
    return (this.#ofCandidates[index] ??= new Uint32Array(this.#hashes.length));
  }
}
