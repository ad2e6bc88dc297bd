import { type DeltaReader, type TakenChange, takeUpTo } from './delta-reader.ts';
import { openTogether } from './open-together.ts';
import { DIGEST_BYTES } from './page-table.ts';
import { PriorBlock } from './prior-block.ts';
import { PriorFiles } from './prior-files.ts';
import type { ReadBasePage } from './rebuilt-page.ts';
import { PREPARED } from './scan-pages.ts';
import { Unsettled } from './unsettled.ts';

/**
 * The pages that are no longer those of the base, each at its own place in a file with holes; with the base it holds the database as
 * the chain has it. It only saves room in deltas: each page is compared with its digest when it is used, and where it is not what it should
 * be, a page goes into the delta as a whole. So it is written while the pages of a run are compared, and never synced.
 */
export const OVERLAY_NAME = 'overlay.db';

/** One is used while those after it are read. */
const BLOCKS = PREPARED;

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
  readonly #reading = new Unsettled();

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
    return openTogether(async (noted) => {
      const files = noted(await PriorFiles.open(paths, options));
      const blocks = Array.from({ length: BLOCKS }, () => new PriorBlock(files, options));
      return new PriorPages(files, options.open(files.basePages), blocks);
    });
  }

  /**
   * Goes on to a block, and begins to read what is wanted of it without holding up this thread. To be called once the call before has
   * returned; the blocks before stay valid meanwhile, all but one of {@link PREPARED}.
   *
   * @returns what gives the block once it was read
   * @throws {WalDamaged | PatchDamaged} when a delta of the chain is not what was written
   */
  async load({ firstPage, digests, wanted }: PriorRange): Promise<() => Promise<PriorBlock>> {
    const block = this.#blocks[this.#round++ % BLOCKS] as PriorBlock;
    block.turnTo(firstPage, digests);
    const count = digests.length / DIGEST_BYTES;
    if (count === 0) return async () => block;
    const lastPage = firstPage + count - 1;
    const touched: number[] = [];
    // As a rule there is none but the latest. What several have of a block at once would be too much to hold of some blocks.
    for (const delta of this.#lacking.slice(0, -1)) touched.push(...(await applyTo(block, await takeUpTo(delta, lastPage))));
    const latest = this.#lacking.at(-1);
    const changes = latest === undefined ? [] : await takeUpTo(latest, lastPage);
    const reading = readPrior(block, { changes, touched, wanted });
    this.#reading.note(reading);
    return () => reading;
  }

  async close(): Promise<void> {
    await this.#reading.settled();
    await Promise.all([this.#files.close(), ...this.#lacking.map((delta) => delta.close())]);
  }
}

/** Reads what is wanted and what a delta changes, and brings the overlay up to this and to what was touched before. */
async function readPrior(
  block: PriorBlock,
  { changes, touched, wanted }: { changes: readonly TakenChange[]; touched: readonly number[]; wanted: readonly number[] },
): Promise<PriorBlock> {
  const changed = await applyTo(block, changes, wanted);
  await block.keep(ascending([...touched, ...changed]));
  return block;
}

/** Returns the numbers of the pages that changed. */
async function applyTo(block: PriorBlock, changes: readonly TakenChange[], wanted: readonly number[] = []): Promise<number[]> {
  const changed = changes.map(({ pageNumber }) => pageNumber);
  await block.load(ascending([...changed, ...wanted]));
  for (const { pageNumber, apply } of changes) apply(block.placeOf(pageNumber));
  return changed;
}

/** Each once. */
function ascending(pageNumbers: readonly number[]): number[] {
  return [...new Set(pageNumbers)].sort((left, right) => left - right);
}
