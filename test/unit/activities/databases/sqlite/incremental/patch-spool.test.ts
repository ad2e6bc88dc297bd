import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import {
  CHANGED,
  type PagePatch,
  type PatchTaker,
  type PlacedPatch,
  REBUILT,
} from '../../../../../../activities/databases/sqlite/incremental/patch-format.ts';
import { PatchList } from '../../../../../../activities/databases/sqlite/incremental/patch-list.ts';
import { PatchSpool } from '../../../../../../activities/databases/sqlite/incremental/patch-spool.ts';
import { withDirectory } from '../../../../../support/phase-context.ts';

/** Remembers what it took. */
class Taken implements PatchTaker {
  readonly patches: [pageNumber: number, kind: PagePatch['kind'], first: number | undefined, bytes: number][] = [];
  take({ pageNumber, kind, memory, from, end }: PlacedPatch): void {
    this.patches.push([pageNumber, kind, from < end ? memory[from] : undefined, end - from]);
  }
  flush(): Promise<void> {
    return Promise.resolve();
  }
}

/** Sizes up to those of pages of 64 KiB, so that chunks end at every place. */
const sizeOf = (pageNumber: number) => (pageNumber * 7919) % 49_000;
const kindOf = (pageNumber: number) => (pageNumber % 3 === 0 ? REBUILT : CHANGED);
const expected = (pageNumber: number) => [
  pageNumber,
  kindOf(pageNumber),
  sizeOf(pageNumber) === 0 ? undefined : pageNumber % 256,
  sizeOf(pageNumber),
];

/** Lists of ten patches, some of one, and some of none. */
async function fill(spool: PatchSpool, pages: number): Promise<void> {
  const list = PatchList.create();
  for (let page = 1; page <= pages; page++) {
    list.append(page, { kind: kindOf(page), bytes: Buffer.alloc(sizeOf(page), page) });
    if (page % 10 < 2) await spool.append(list.takeAll());
    if (page % 30 === 0) await spool.append(list.takeAll());
  }
  await spool.append(list.takeAll());
}

test.each([0, 3, 400])('%i patches come back in their order, up to the page that is asked for', async (pages) => {
  await withDirectory(async (directory) => {
    const spool = new PatchSpool(join(directory, 'spool'));
    await fill(spool, pages);
    const taken = new Taken();
    for (const upTo of [1, 2, 3, 150, 150, 151, Number.POSITIVE_INFINITY]) {
      await spool.passOn(upTo, taken);
      expect(taken.patches.length).toBe(Math.min(pages, upTo - 1));
    }
    expect(taken.patches).toEqual(Array.from({ length: pages }, (_, index) => expected(index + 1)));
    await spool.close();
    expect(await readdir(directory)).toEqual([]);
  });
});

test('little never touches the disk', async () => {
  await withDirectory(async (directory) => {
    const spool = new PatchSpool(join(directory, 'spool'));
    await fill(spool, 20);
    expect(await readdir(directory)).toEqual([]);
    await fill(spool, 100);
    expect(await readdir(directory)).toEqual(['spool']);
    await spool.close();
  });
});
