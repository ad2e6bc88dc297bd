import { type DeltaReader, takeUpTo } from './delta-reader.ts';
import { DIGEST_BYTES } from './page-table.ts';
import { PriorBlock } from './prior-block.ts';
import { PriorFiles } from './prior-files.ts';
import type { ReadBasePage } from './rebuilt-page.ts';

/**
 * The pages that are no longer those of the base, each at its own place in a file with holes; with the base it holds the database as
 * the chain has it. It only saves room in deltas: each page is compared with its digest when it is used, and where it is not what it should
 * be, a page goes into the delta as a whole. So it is written while the pages of a run are compared, and never synced.
 */
export const OVERLAY_NAME = 'overlay.db';

/** One is read while the one before is used. */
const BLOCKS = 2;

/** Pages that follow one another, as the chain should have them. */
export interface PriorRange {
  firstPage: number;
  /** Digests of as many pages as the block has, or the chain. */
  digests: Buffer;
  /** Numbers of the pages that will be asked for, ascending. */
  wanted: readonly number[];
}

/** Gives pages as the chain has them, block by block from the first to the last, and brings the overlay up to it on the way. */
export class PriorPages {
  readonly #files: PriorFiles;
  readonly #lacking: readonly DeltaReader[];
  readonly #blocks: readonly PriorBlock[];
  #round = 0;

  private constructor(files: PriorFiles, lacking: readonly DeltaReader[], blocks: readonly PriorBlock[]) {
    this.#files = files;
    this.#lacking = lacking;
    this.#blocks = blocks;
  }

  /** `open` gives the deltas that the chain has and the overlay has not; they are closed with this. */
  static async open(
    paths: { base: string; overlay: string | undefined },
    options: {
      pageSize: number;
      blockBytes: number;
      isOverlaid: boolean;
      open: (readBase: ReadBasePage) => readonly DeltaReader[];
    },
  ): Promise<PriorPages> {
    const files = await PriorFiles.open(paths, options);
    const blocks = Array.from({ length: BLOCKS }, () => new PriorBlock(files, options));
    return new PriorPages(files, options.open(files.basePages), blocks);
  }

  /**
   * Goes on to a block, and reads what is wanted of it without holding up this thread. To be called once the call before has returned;
   * the block before stays valid meanwhile.
   *
   * @throws {WalDamaged | PatchDamaged} when a delta of the chain is not what was written
   */
  async load({ firstPage, digests, wanted }: PriorRange): Promise<PriorBlock> {
    const block = this.#blocks[this.#round++ % BLOCKS] as PriorBlock;
    block.turnTo(firstPage, digests);
    const count = digests.length / DIGEST_BYTES;
    if (count === 0) return block;
    const touched = new Set<number>();
    for (const delta of this.#lacking) {
      const changes = await takeUpTo(delta, firstPage + count - 1);
      await block.load(changes.map(({ pageNumber }) => pageNumber));
      for (const { pageNumber, apply } of changes) {
        apply(block.placeOf(pageNumber));
        touched.add(pageNumber);
      }
    }
    await block.load(wanted);
    for (const pageNumber of touched) block.keep(pageNumber);
    return block;
  }

  async close(): Promise<void> {
    await Promise.all([this.#files.close(), ...this.#lacking.map((delta) => delta.close())]);
  }
}
