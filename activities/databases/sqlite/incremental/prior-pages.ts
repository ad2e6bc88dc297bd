import { openTogether } from './open-together.ts';
import { PatchApplier } from './patch-applier.ts';
import { PatchListReader, pagesIn } from './patch-list.ts';
import { PriorBlock } from './prior-block.ts';
import { PriorFiles } from './prior-files.ts';

/**
 * The pages that are no longer those of the base, each at its own place in a file with holes; with the base it holds the database as
 * the chain has it. There is none as long as the deltas are read in each run. It only saves room in deltas: each page is compared with
 * its digest when it is used, and where it is not what it should be, a page goes into the delta as a whole. So it is written while the
 * pages of a run are compared, and never synced.
 */
export const OVERLAY_NAME = 'overlay.db';

/** Places for blocks: one is used while the other one is read. */
export const PRIOR_BLOCKS = 2;

/** Pages that follow one another, as the chain should have them. */
export interface PriorRange {
  firstPage: number;
  /** Digests of as many pages as the block has, or the chain. */
  digests: Buffer;
  /** Numbers of the pages that will be asked for, ascending. */
  wanted: readonly number[];
  /** What deltas that the overlay has not changed in the block, from the oldest one on (patch-list.ts). */
  lists: readonly Uint8Array[];
}

/** Gives pages as the chain has them, block by block in any order, and brings the overlay up to it on the way where it should. */
export class PriorPages {
  readonly #files: PriorFiles;
  readonly #applier: PatchApplier;
  readonly #blocks: readonly PriorBlock[];
  readonly #isOverlaid: boolean;

  private constructor(files: PriorFiles, options: { pageSize: number; blockBytes: number; isOverlaid: boolean }) {
    this.#files = files;
    this.#isOverlaid = options.isOverlaid;
    this.#applier = new PatchApplier(options.pageSize, files.basePages);
    this.#blocks = Array.from({ length: PRIOR_BLOCKS }, () => new PriorBlock(files, options));
  }

  /** @throws the system error */
  static async open(
    paths: { base: string; overlay: string | undefined },
    options: { pageSize: number; blockBytes: number; isOverlaid: boolean },
  ): Promise<PriorPages> {
    return openTogether(async (noted) => new PriorPages(noted(await PriorFiles.open(paths, options)), options));
  }

  /**
   * Reads what is wanted of a block and what deltas change in it, and brings the overlay up to these where it should.
   *
   * @returns the block, valid until its place gets another one
   * @throws {PatchDamaged} when a delta of the chain is not what was written
   */
  async load(place: number, { firstPage, digests, wanted, lists }: PriorRange): Promise<PriorBlock> {
    const block = this.#blocks[place] as PriorBlock;
    block.turnTo(firstPage, digests);
    const changed = ascending(lists.flatMap(pagesIn));
    await block.load(ascending([...changed, ...wanted]));
    for (const list of lists) {
      for (const patch = new PatchListReader(list); patch.next(); ) this.#applier.apply(block.placeOf(patch.pageNumber), patch);
    }
    if (this.#isOverlaid) block.keep(changed);
    return block;
  }

  /** To be called before pages are loaded that others have brought up to date. @throws the system error */
  async lookAgain(): Promise<void> {
    await this.#files.lookAgain();
  }

  /** To be called once nothing is loaded any more. */
  async close(): Promise<void> {
    await this.#files.close();
  }
}

/** Each once. */
function ascending(pageNumbers: readonly number[]): number[] {
  return [...new Set(pageNumbers)].sort((left, right) => left - right);
}
