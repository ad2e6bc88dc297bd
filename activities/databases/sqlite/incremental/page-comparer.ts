import { CellIndex } from './cell-index.ts';
import { bufferOf } from './file-bytes.ts';
import { type LateFiles, LatePages } from './late-pages.ts';
import { AHEAD_BYTES, isRebuilt, type PagePatch } from './patch-format.ts';
import { PatchList } from './patch-list.ts';
import { PatchMaker } from './patch-maker.ts';
import type { PriorBlock } from './prior-block.ts';
import { PRIOR_BLOCKS, PriorPages } from './prior-pages.ts';
import { readSources } from './rebuilt-page.ts';
import { BLOCK_BYTES } from './scan-pages.ts';

/** What a comparer works with from its start on. */
export interface CompareSetting extends LateFiles {
  /** Made where there is none. Undefined where the base alone is what the chain has. */
  overlay: string | undefined;
  /** Whether the overlay is to be brought up to the chain. Else it takes what late pages were before, and nothing is in it. */
  isOverlaid: boolean;
  /** Of the index of cells, which all comparers of a run share. */
  cells: SharedArrayBuffer;
}

/** Pages that follow one another, some of which changed. */
export interface ChangedBlock {
  firstPage: number;
  /** Holds them at its start. */
  memory: SharedArrayBuffer;
  /** Of as many of them as the chain has. */
  digests: Uint8Array;
  /** Numbers of those that changed and that the chain has, ascending. */
  changed: readonly number[];
  /** As {@link PriorRange} has them. */
  lists: readonly Uint8Array<ArrayBuffer>[];
}

/** Late pages of one block, and what is known of pages so far (origins.ts). */
export interface LateBlock {
  late: readonly number[];
  origins: SharedArrayBuffer;
}

/** What was made of a block. */
export interface MadePatches {
  /** Patches in the order of their pages (patch-list.ts). */
  list: Uint8Array<ArrayBuffer>;
  /** Numbers of pages whose patches are found once all pages that changed are known. */
  late: readonly number[];
  /** Pages of the base that have to be kept for them (patch-format.ts). */
  kept: readonly number[];
}

/** Makes patches of the pages of blocks. */
export class PageComparer {
  readonly #setting: CompareSetting;
  readonly #index: CellIndex;
  readonly #maker: PatchMaker;
  readonly #list = PatchList.create();
  readonly #prior: Promise<PriorPages>;
  #latePages: Promise<LatePages> | undefined;
  /** Late pages of one block are made after those of another. */
  #making: Promise<unknown> = Promise.resolve();
  /** By the place of its prior pages, when a block was compared. */
  readonly #compared: Promise<unknown>[] = [];
  #turn = 0;

  constructor(setting: CompareSetting) {
    this.#setting = setting;
    this.#index = new CellIndex(setting.cells);
    this.#maker = new PatchMaker(setting.pageSize, this.#index);
    this.#prior = PriorPages.open(setting, { ...setting, blockBytes: BLOCK_BYTES });
    // Whoever asks for something is told.
    this.#prior.catch(() => undefined);
  }

  /** Several blocks may be asked for at once. @throws {PatchDamaged} when a delta of the chain is not what was written, or the system error */
  async compare(block: ChangedBlock): Promise<MadePatches> {
    const place = this.#turn;
    this.#turn = (this.#turn + 1) % PRIOR_BLOCKS;
    const comparing = this.#compareAt(place, block);
    this.#compared[place] = comparing.catch(() => undefined);
    return comparing;
  }

  /** To be asked for once all blocks were compared. @throws the system error */
  async makeLate({ late, origins }: LateBlock): Promise<MadePatches> {
    const pages = (this.#latePages ??= this.#openLate(origins));
    const making = this.#making.then(async () => this.#makeLate(await pages, late));
    this.#making = making.catch(() => undefined);
    return making;
  }

  /** To be called once nothing is asked any more. */
  async close(): Promise<void> {
    await (await this.#latePages?.catch(() => undefined))?.close();
    await (await this.#prior.catch(() => undefined))?.close();
  }

  async #compareAt(place: number, block: ChangedBlock): Promise<MadePatches> {
    await this.#compared[place];
    const { firstPage, changed, digests, lists } = block;
    const prior = await (await this.#prior).load(place, { firstPage, digests: bufferOf(digests), wanted: changed, lists });
    return this.#compare(block, prior);
  }

  #compare({ firstPage, memory, changed }: ChangedBlock, prior: PriorBlock): MadePatches {
    const { pageSize } = this.#setting;
    const late: number[] = [];
    for (const pageNumber of changed) {
      const page = Buffer.from(memory, (pageNumber - firstPage) * pageSize, pageSize);
      const before = prior.get(pageNumber);
      const patch = before === undefined ? undefined : this.#maker.make(pageNumber, page, before);
      if (patch === undefined) late.push(pageNumber);
      else this.#list.append(pageNumber, patch);
    }
    // The deltas that made them are not read once more.
    if (!this.#setting.isOverlaid) prior.keep(late);
    return { list: this.#list.takeAll(), late, kept: [] };
  }

  async #openLate(origins: SharedArrayBuffer): Promise<LatePages> {
    const prior = await this.#prior;
    await prior.lookAgain();
    return LatePages.open(this.#setting, { index: this.#index, origins, prior });
  }

  async #makeLate(pages: LatePages, late: readonly number[]): Promise<MadePatches> {
    const kept = new Set<number>();
    await pages.load(late, (loaded) => {
      const patch = this.#maker.makeLate(loaded);
      this.#list.append(loaded.pageNumber, patch);
      for (const source of this.#toKeep(loaded.pageNumber, patch)) kept.add(source);
    });
    return { list: this.#list.takeAll(), late: [], kept: [...kept] };
  }

  /** Of the pages of the base that a patch copies from. */
  #toKeep(pageNumber: number, { kind, bytes }: PagePatch): number[] {
    const sources = isRebuilt(kind) ? readSources(bytes) : [];
    return sources.filter((source) => (source - pageNumber) * this.#setting.pageSize < AHEAD_BYTES);
  }
}
