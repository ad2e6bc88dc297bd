import { PagePatcher, type PatchPlace } from './page-patch.ts';
import { isRebuilt, type PlacedPatch, RENEWED, WHOLE } from './patch-format.ts';
import { type ReadBasePage, RebuildPatcher } from './rebuilt-page.ts';

/** Carries out patches of any kind. */
export class PatchApplier {
  readonly #pageSize: number;
  readonly #patcher: PagePatcher;
  readonly #rebuilder: RebuildPatcher;

  /** `readBase` is asked for pages of the base that others are made of. */
  constructor(pageSize: number, readBase: ReadBasePage) {
    this.#pageSize = pageSize;
    this.#patcher = new PagePatcher(pageSize);
    this.#rebuilder = new RebuildPatcher(pageSize, readBase);
  }

  /**
   * Turns a page, as it was before the patch at hand, into its next version, in its place.
   *
   * @throws {PatchDamaged} with the page half changed
   */
  apply(place: PatchPlace, { kind, memory, from, end }: PlacedPatch): void {
    if (kind === RENEWED) place.memory.fill(0, place.start, place.start + this.#pageSize);
    if (kind === WHOLE) place.memory.set(memory.subarray(from, end), place.start);
    else if (isRebuilt(kind)) this.#rebuilder.apply(place, memory, from, end);
    else this.#patcher.apply(place, memory, from, end);
  }
}
