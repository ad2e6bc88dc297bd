import { type Cells, NO_HASH } from './cells.ts';
import type { SourcePage } from './rebuild-finder.ts';
import { MAX_SOURCES } from './rebuilt-page.ts';

/** A source that gives fewer cells costs more than it saves. */
const MIN_CELLS = 2;

/** Chooses what a page is best made of. Hashes of cells stand for them: what is made of the pages is compared later. */
export class SourceChooser {
  /** Hashes of cells that are still to be found, each at the entry of its lower bits. */
  readonly #wanted: Uint32Array;

  constructor(pageSize: number) {
    this.#wanted = new Uint32Array(2 ** Math.ceil(Math.log2(pageSize)));
  }

  /**
   * Those of some pages that together have the most of a page's cells which its version before does not have; the one with the most
   * first.
   */
  choose(page: Cells, before: Cells | undefined, candidates: readonly SourcePage[]): SourcePage[] {
    this.#want(page);
    if (before !== undefined) this.#strike(before);
    const chosen: SourcePage[] = [];
    while (chosen.length < MAX_SOURCES) {
      const best = this.#findBest(candidates);
      if (best === undefined) break;
      chosen.push(best);
      this.#strike(best.cells);
    }
    return chosen;
  }

  /** One that was chosen has nothing any more. */
  #findBest(candidates: readonly SourcePage[]): SourcePage | undefined {
    let best: SourcePage | undefined;
    let most = MIN_CELLS - 1;
    for (const candidate of candidates) {
      const found = this.#count(candidate.cells);
      if (found > most) [best, most] = [candidate, found];
    }
    return best;
  }

  #want({ count, hashes }: Cells): void {
    this.#wanted.fill(NO_HASH);
    for (let slot = 0; slot < count; slot++) {
      const hash = hashes[slot] ?? NO_HASH;
      if (hash !== NO_HASH) this.#wanted[this.#entry(hash)] = hash;
    }
  }

  #strike({ count, hashes }: Cells): void {
    for (let slot = 0; slot < count; slot++) {
      const entry = this.#entry(hashes[slot] ?? 0);
      if (this.#wanted[entry] === hashes[slot]) this.#wanted[entry] = NO_HASH;
    }
  }

  #count({ count, hashes }: Cells): number {
    let found = 0;
    for (let slot = 0; slot < count; slot++) {
      const hash = hashes[slot] ?? NO_HASH;
      if (hash !== NO_HASH && this.#wanted[this.#entry(hash)] === hash) found++;
    }
    return found;
  }

  #entry(hash: number): number {
    return hash & (this.#wanted.length - 1);
  }
}
