import { type DeltaReader, passUpTo } from './delta-reader.ts';
import { type PlacedPatch, RENEWED, WHOLE } from './patch-format.ts';
import { PatchList } from './patch-list.ts';
import { BLOCK_BYTES } from './scan-pages.ts';

/** Of one block, three times all of its pages. As a rule it is little. */
const MAX_BYTES = 3 * BLOCK_BYTES;

/** Deltas that the overlay has not, read side by side. */
export class LackingDeltas {
  /** With what each has of a block, from the newest one on. */
  readonly #deltas: readonly { reader: DeltaReader; list: PatchList }[];
  readonly #isOverlaid: boolean;

  /** `deltas`: from the oldest one on; whose they are from now on. `isOverlaid`: whether the overlay gets all that they have. */
  constructor(deltas: readonly DeltaReader[], { isOverlaid }: { isOverlaid: boolean }) {
    this.#deltas = deltas.map((reader) => ({ reader, list: PatchList.create() })).toReversed();
    this.#isOverlaid = isOverlaid;
  }

  /**
   * What they changed in a block, from the oldest one on: of all pages that the chain has where the overlay gets them, else of those that
   * are `changed`. Block by block in their order. What a later delta has as a whole is left out of those before it. A block of which
   * even that would take too much memory is left out: its pages go into the delta as a whole.
   *
   * @throws {WalDamaged | PatchDamaged}
   */
  async list(block: { firstPage: number; endOfChain: number; changed: readonly number[] }): Promise<Uint8Array<ArrayBuffer>[]> {
    const { firstPage, endOfChain, changed } = block;
    if (!this.#isOverlaid && changed.length === 0) return [];
    const wanted = new Uint8Array(Math.max(0, endOfChain - firstPage)).fill(this.#isOverlaid ? 1 : 0);
    for (const pageNumber of changed) wanted[pageNumber - firstPage] = 1;
    let bytes = 0;
    for (const { reader, list } of this.#deltas) {
      list.clear();
      const take = (patch: PlacedPatch) => {
        if (wanted[patch.pageNumber - firstPage] !== 1) return;
        if (patch.kind === WHOLE || patch.kind === RENEWED) wanted[patch.pageNumber - firstPage] = 0;
        bytes += patch.end - patch.from;
        if (bytes <= MAX_BYTES) list.take(patch);
      };
      await passUpTo(reader, endOfChain - 1, { take });
    }
    if (bytes > MAX_BYTES) return [];
    return this.#deltas
      .filter(({ list }) => list.bytes > 0)
      .map(({ list }) => list.takeAll())
      .toReversed();
  }

  async close(): Promise<void> {
    await Promise.all(this.#deltas.map(({ reader }) => reader.close()));
  }
}
