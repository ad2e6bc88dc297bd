import { hash, randomBytes } from 'node:crypto';
import { mkdir, open, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { passUpTo } from '../../../../../../activities/databases/sqlite/incremental/delta-reader.ts';
import { PatchList } from '../../../../../../activities/databases/sqlite/incremental/patch-list.ts';
import type { PriorBlock } from '../../../../../../activities/databases/sqlite/incremental/prior-block.ts';
import { PRIOR_BLOCKS, PriorPages } from '../../../../../../activities/databases/sqlite/incremental/prior-pages.ts';
import { WalWriter } from '../../../../../../activities/databases/sqlite/incremental/wal-file.ts';
import { WalReader } from '../../../../../../activities/databases/sqlite/incremental/wal-reader.ts';
import { withDirectory } from '../../../../../support/phase-context.ts';

const PAGE = 4096;
const BLOCK_PAGES = 64;
const PAGES = 5 * BLOCK_PAGES;

/** A base of random pages below a directory, and the pages that the chain has. */
class Scene {
  readonly base: string;
  readonly overlay: string;
  readonly pages: Buffer[] = Array.from({ length: PAGES }, () => randomBytes(PAGE));
  readonly #directory: string;
  #deltas = 0;

  constructor(directory: string) {
    this.#directory = directory;
    this.base = join(directory, 'base.db');
    this.overlay = join(directory, 'overlay.db');
  }

  async writeBase(): Promise<void> {
    await writeFile(this.base, Buffer.concat(this.pages));
  }

  /** Gives pages other content, by their numbers. */
  change(...pageNumbers: number[]): void {
    for (const pageNumber of pageNumbers) this.pages[pageNumber - 1] = randomBytes(PAGE);
  }

  page(pageNumber: number): Buffer {
    return this.pages[pageNumber - 1] as Buffer;
  }

  /** Writes pages as they now are into the overlay. */
  async overlayPages(...pageNumbers: number[]): Promise<void> {
    const file = await open(this.overlay, 'a+');
    await file.close();
    const overlay = await open(this.overlay, 'r+');
    for (const pageNumber of pageNumbers) await overlay.write(this.page(pageNumber), 0, PAGE, (pageNumber - 1) * PAGE);
    await overlay.close();
  }

  /** A delta with pages as they now are. */
  async delta(...pageNumbers: number[]): Promise<WalReader> {
    const path = join(this.#directory, `${this.#deltas++}.wal`);
    const writer = await WalWriter.create(path, PAGE);
    for (const pageNumber of pageNumbers) await writer.append(pageNumber, this.page(pageNumber));
    await writer.finish(PAGES);
    await writer.close();
    return new WalReader(path, PAGE);
  }

  /** Runs through all blocks, with the same wanted pages of each, by their indexes; they are looked at while the one after it is loading. */
  async loadAll(
    wanted: readonly number[],
    options: { lacking?: WalReader[]; isOverlaid?: boolean; look: (block: PriorBlock, pageNumber: number) => void },
  ) {
    const { lacking = [], isOverlaid = lacking.length > 0 } = options;
    const sizes = { pageSize: PAGE, blockBytes: BLOCK_PAGES * PAGE };
    const prior = await PriorPages.open(this, { ...sizes, isOverlaid });
    const load = async (round: number) => {
      const firstPage = round * BLOCK_PAGES + 1;
      const pages = this.pages.slice(firstPage - 1, firstPage - 1 + BLOCK_PAGES);
      const digests = Buffer.concat(pages.map((page) => hash('sha256', page, 'buffer')));
      const lists: Uint8Array<ArrayBuffer>[] = [];
      for (const delta of lacking) {
        const list = PatchList.create();
        await passUpTo(delta, firstPage + pages.length - 1, list);
        lists.push(list.takeAll());
      }
      return prior.load(round % PRIOR_BLOCKS, { firstPage, digests, wanted: wanted.map((index) => firstPage + index), lists });
    };
    try {
      let loading = load(0);
      for (let round = 0; round * BLOCK_PAGES < PAGES; round++) {
        const block = await loading;
        loading = load(round + 1);
        for (const index of wanted) options.look(block, round * BLOCK_PAGES + 1 + index);
      }
      await loading;
    } finally {
      await prior.close();
    }
  }
}

async function twoDeltas(scene: Scene): Promise<WalReader[]> {
  scene.change(1, 2, 70, 192);
  const first = await scene.delta(1, 2, 70, 192);
  scene.change(2, 4, 71, 192);
  return [first, await scene.delta(2, 4, 71, 192)];
}

const expectIsThere = (scene: Scene) => (block: PriorBlock, pageNumber: number) =>
  expect(block.get(pageNumber)?.equals(scene.page(pageNumber))).toBe(true);

/** Alone, side by side, and with a gap that is read as well or not. */
const WANTED = [0, 1, 3, 9, 10, 31, 63];

test('each page comes from the file that has it, however near pages of the other one are', async () => {
  await withDirectory(async (directory) => {
    const scene = new Scene(directory);
    await scene.writeBase();
    const overlaid = [2, 10, 12, 64, 65, 128, 192];
    scene.change(...overlaid);
    await scene.overlayPages(...overlaid);
    await scene.loadAll(WANTED, { look: expectIsThere(scene) });
    await scene.loadAll([...Array(BLOCK_PAGES).keys()], { look: expectIsThere(scene) });
  });
});

test('a page that nobody said to want is there as well', async () => {
  await withDirectory(async (directory) => {
    const scene = new Scene(directory);
    await scene.writeBase();
    scene.change(5);
    await scene.overlayPages(5);
    await scene.loadAll([1], {
      look: (block, pageNumber) => {
        for (const neighbour of [pageNumber, pageNumber + 1, pageNumber + 3]) expectIsThere(scene)(block, neighbour);
      },
    });
  });
});

test('pages that the copies no longer have are not given, and those beside them are', async () => {
  await withDirectory(async (directory) => {
    const scene = new Scene(directory);
    await scene.writeBase();
    scene.change(11);
    await scene.overlayPages(11);
    // Neither of them is in the overlay.
    scene.change(2, 64);
    await truncate(scene.base, 100 * PAGE + 100);
    const given: number[] = [];
    await scene.loadAll(WANTED, {
      look: (block, pageNumber) => {
        if (block.get(pageNumber)?.equals(scene.page(pageNumber)) === true) given.push(pageNumber);
        else expect(block.get(pageNumber)).toBeUndefined();
      },
    });
    expect(given).toEqual([1, 4, 10, 11, 32, 65, 66, 68, 74, 75, 96]);
  });
});

test('a page that the overlay has wrongly comes from the base', async () => {
  await withDirectory(async (directory) => {
    const scene = new Scene(directory);
    await scene.writeBase();
    const was = scene.page(4);
    scene.change(4);
    await scene.overlayPages(4);
    scene.pages[3] = was;
    await scene.loadAll(WANTED, { look: expectIsThere(scene) });
  });
});

test('deltas that the overlay lacks are in the pages and in the overlay afterwards, also when they were before', async () => {
  await withDirectory(async (directory) => {
    const scene = new Scene(directory);
    await scene.writeBase();
    const lacking = await twoDeltas(scene);
    // As an attempt before may have left it.
    await scene.overlayPages(4, 71);
    await scene.loadAll(WANTED, { lacking, look: expectIsThere(scene) });
    const overlay = await readFile(scene.overlay);
    for (const pageNumber of [1, 2, 4, 70, 71, 192]) {
      expect(overlay.subarray((pageNumber - 1) * PAGE, pageNumber * PAGE).equals(scene.page(pageNumber))).toBe(true);
    }
    expect(overlay.subarray(2 * PAGE, 3 * PAGE).equals(Buffer.alloc(PAGE))).toBe(true);
    await scene.loadAll(WANTED, { look: expectIsThere(scene) });
  });
});

test('without an overlay the deltas are in the pages that are wanted, and what is kept of those is all that is written', async () => {
  await withDirectory(async (directory) => {
    const scene = new Scene(directory);
    await scene.writeBase();
    const lacking = await twoDeltas(scene);
    await scene.loadAll(WANTED, {
      lacking,
      isOverlaid: false,
      look: (block, pageNumber) => {
        expectIsThere(scene)(block, pageNumber);
        if (pageNumber === 2 || pageNumber === 192) block.keep([pageNumber]);
      },
    });
    const overlay = await readFile(scene.overlay);
    for (let pageNumber = 1; pageNumber <= 192; pageNumber++) {
      const written = overlay.subarray((pageNumber - 1) * PAGE, pageNumber * PAGE);
      expect(written.equals([2, 192].includes(pageNumber) ? scene.page(pageNumber) : Buffer.alloc(PAGE))).toBe(true);
    }
    expect(overlay).toHaveLength(192 * PAGE);
  });
});

test('a copy that cannot be read fails the run instead of making its pages whole', async () => {
  await withDirectory(async (directory) => {
    const scene = new Scene(directory);
    await mkdir(scene.base);
    await expect(scene.loadAll(WANTED, { look: expectIsThere(scene) })).rejects.toThrow('EISDIR');
  });
});
