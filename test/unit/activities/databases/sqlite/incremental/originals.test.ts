import { open, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Originals, readOriginals } from '../../../../../../activities/databases/sqlite/incremental/originals.ts';
import { PatchDamaged } from '../../../../../../activities/databases/sqlite/incremental/page-patch.ts';
import { withDirectory } from '../../../../../support/phase-context.ts';

const PAGE = 512;
const PAGES = 12;
const pageOf = (pageNumber: number) => Buffer.alloc(PAGE, pageNumber);

/** A base that is changed in blocks of four pages. */
async function withBase(
  body: (originals: Originals, changeBlock: (firstPage: number) => Promise<void>) => Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    const path = join(directory, 'base.db');
    await writeFile(path, Buffer.concat(Array.from({ length: PAGES }, (_, index) => pageOf(index + 1))));
    const base = await open(path, 'r+');
    const originals = await Originals.open(base, join(directory, 'scratch'), { pageSize: PAGE, pages: PAGES });
    expect(await readdir(directory)).toEqual(['base.db']);
    try {
      await body(originals, async (firstPage) => {
        const { buffer } = await base.read(Buffer.alloc(4 * PAGE), 0, 4 * PAGE, (firstPage - 1) * PAGE);
        await originals.save(buffer, firstPage);
        await base.write(Buffer.alloc(4 * PAGE, 255), 0, 4 * PAGE, (firstPage - 1) * PAGE);
      });
    } finally {
      await originals.close();
      await base.close();
    }
  });
}

function read(originals: Originals, pageNumber: number): Buffer {
  const page = Buffer.alloc(PAGE);
  readOriginals(originals.setting)(pageNumber, page);
  return page;
}

test('pages that are copied from are given as they were, before and after they were changed', async () => {
  await withBase(async (originals, changeBlock) => {
    originals.keep([2, 3, 11]);
    originals.keep([3, 8, 12]);
    const expectOriginals = () => {
      for (const pageNumber of [2, 3, 8, 11, 12]) expect(read(originals, pageNumber).equals(pageOf(pageNumber))).toBe(true);
    };
    expectOriginals();
    for (const firstPage of [1, 5, 9]) {
      await changeBlock(firstPage);
      expectOriginals();
    }
    // What nobody said to copy from is not kept.
    expect(read(originals, 1).equals(Buffer.alloc(PAGE, 255))).toBe(true);
  });
});

test('a page that the base does not have is refused', async () => {
  await withBase(async (originals) => {
    for (const pageNumber of [0, PAGES + 1, 0xffff_ffff]) {
      expect(() => originals.keep([pageNumber])).toThrow(PatchDamaged);
      expect(() => read(originals, pageNumber)).toThrow(PatchDamaged);
    }
  });
});
