import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { CellIndex, createIndexMemory } from '../../../../../../activities/databases/sqlite/incremental/cell-index.ts';
import { Cells } from '../../../../../../activities/databases/sqlite/incremental/cells.ts';
import { SourceChooser } from '../../../../../../activities/databases/sqlite/incremental/choose-sources.ts';
import { RebuildFinder } from '../../../../../../activities/databases/sqlite/incremental/rebuild-finder.ts';
import { RebuildPatcher } from '../../../../../../activities/databases/sqlite/incremental/rebuilt-page.ts';
import { withDirectory } from '../../../../../support/phase-context.ts';
import { sqlite3 } from '../../../../../support/tracker-database.ts';

/** A database and the same one after a day of work, page by page, each in a memory of its own. */
async function twoDays(
  directory: string,
  { pageSize, secureDelete, day }: { pageSize: number; secureDelete: boolean; day: string },
): Promise<{ before: Buffer[]; after: Buffer[] }> {
  const [first, second] = [join(directory, 'first.db'), join(directory, 'second.db')];
  await sqlite3(
    first,
    `PRAGMA page_size = ${pageSize};
     CREATE TABLE torrents (id INTEGER PRIMARY KEY, info_hash BLOB NOT NULL, name TEXT);
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${Math.min(30_000, pageSize * 4)})
       INSERT INTO torrents SELECT i, randomblob(20), hex(randomblob(i % 30)) FROM n;
     CREATE INDEX by_hash ON torrents (info_hash);
     CREATE INDEX by_name ON torrents (name, info_hash);`,
  );
  await copyFile(first, second);
  await sqlite3(second, `PRAGMA secure_delete = ${secureDelete}; ${day}`);
  return { before: pagesOf(await readFile(first), pageSize), after: pagesOf(await readFile(second), pageSize) };
}

function pagesOf(file: Buffer, pageSize: number): Buffer[] {
  return Array.from({ length: file.length / pageSize }, (_, index) => {
    const page = Buffer.from(new ArrayBuffer(pageSize));
    file.copy(page, 0, index * pageSize, (index + 1) * pageSize);
    return page;
  });
}

const INSERTS = `INSERT INTO torrents (info_hash, name) SELECT randomblob(20), hex(randomblob(id % 40)) FROM torrents WHERE id % 20 = 0;`;
const DELETES = 'DELETE FROM torrents WHERE id % 7 < 5;';

function indexChanged({ before, after }: { before: Buffer[]; after: Buffer[] }, cellsOf: (page: Buffer) => Cells): CellIndex {
  const index = new CellIndex(createIndexMemory());
  for (const [at, page] of before.entries()) {
    if (at > 0 && !page.equals(after[at] ?? page)) index.note(cellsOf(page), at + 1);
  }
  return index;
}

/** Patches what changed, each page of all that were there before, and returns the bytes of all patches and of what they stand for. */
function patchAll({ before, after }: { before: Buffer[]; after: Buffer[] }, pageSize: number) {
  const finder = new RebuildFinder(pageSize);
  const chooser = new SourceChooser(pageSize);
  const patcher = new RebuildPatcher(pageSize, (pageNumber, target) => {
    target.set(before[pageNumber - 1] as Buffer);
  });
  const cellsOf = (page: Buffer) => new Cells(pageSize).turnTo(page);
  const index = indexChanged({ before, after }, cellsOf);
  const sourcesOf = (page: Buffer) =>
    index.find(cellsOf(page)).map((pageNumber) => ({ pageNumber, cells: cellsOf(before[pageNumber - 1] as Buffer) }));
  let [patched, bytes, patches] = [0, 0, 0];
  for (const [at, page] of after.entries()) {
    const own = before[at] ?? Buffer.from(new ArrayBuffer(pageSize));
    if (at === 0 || own.equals(page)) continue;
    bytes += pageSize;
    const had = before[at] === undefined ? undefined : cellsOf(before[at]);
    const operations = finder.find(cellsOf(own), cellsOf(page), chooser.choose(cellsOf(page), had, sourcesOf(page)));
    patched += operations?.length ?? pageSize;
    if (operations === undefined) continue;
    patches++;
    // Beside others, which must stay as they are.
    const memory = Buffer.concat([Buffer.alloc(pageSize, 9), own, Buffer.alloc(pageSize, 9)]);
    patcher.apply({ memory, start: pageSize }, operations, 0, operations.length);
    expect(memory.equals(Buffer.concat([Buffer.alloc(pageSize, 9), page, Buffer.alloc(pageSize, 9)]))).toBe(true);
  }
  return { patched, bytes, patches };
}

test.each([
  [512, true, 0.6],
  [1024, false, 0.4],
  [4096, true, 0.25],
  [4096, false, 0.25],
  [16_384, false, 0.25],
  [65_536, true, 0.25],
])(
  'pages of %i bytes that new rows rebuilt are made of what was there (blanked: %s)',
  async (pageSize, secureDelete, part) => {
    await withDirectory(async (directory) => {
      const days = await twoDays(directory, { pageSize, secureDelete, day: INSERTS });
      const { patched, bytes, patches } = patchAll(days, pageSize);
      expect(patches).toBeGreaterThan(10);
      // New rows take a twentieth of three b-trees, and of small pages the operations a good part.
      expect(patched).toBeLessThan(bytes * part);
    });
  },
  120_000,
);

test.each([true, false])(
  'so are those that rows left (blanked: %s), and those of a VACUUM',
  async (secureDelete) => {
    await withDirectory(async (directory) => {
      const deleted = await twoDays(directory, { pageSize: 4096, secureDelete, day: DELETES });
      expect(patchAll(deleted, 4096).patches).toBeGreaterThan(10);
    });
    await withDirectory(async (directory) => {
      const vacuumed = await twoDays(directory, { pageSize: 4096, secureDelete, day: `${DELETES} VACUUM;` });
      expect(patchAll(vacuumed, 4096).patches).toBeGreaterThan(10);
    });
  },
  120_000,
);

test('a cell is known by its beginning, also one of zeros, unless it is too near to the end of its page', () => {
  const page = Buffer.from(new ArrayBuffer(512));
  page[0] = 13;
  page.writeUInt16BE(3, 3);
  for (const [slot, offset] of [200, 497, 600].entries()) page.writeUInt16BE(offset, 8 + 2 * slot);
  const { count, hashes } = new Cells(512).turnTo(page);
  expect([count, ...hashes.subarray(0, count)].map((number) => number > 0)).toEqual([true, true, false, false]);
});

test('pages that only look like those of a b-tree come back or are refused', () => {
  const size = 512;
  const finder = new RebuildFinder(size);
  let state = 1;
  const chance = () => (state = Math.imul(state, 0x9e3779b1) + 0x7f4a7c15) >>> 24;
  const page = (type: number) =>
    Buffer.from(new ArrayBuffer(size))
      .fill(0)
      .map((_, index) => (index === 0 ? type : chance())) as Buffer;
  for (const type of [2, 5, 10, 13, 0, 255]) {
    for (let round = 0; round < 50; round++) {
      const before = aligned(page(type));
      const after = aligned(page(type));
      before.copy(after, 100, 50, 400);
      const base = aligned(page(type));
      base.copy(after, 20, 30, 90);
      const patcher = new RebuildPatcher(size, (_pageNumber, target) => {
        target.set(base);
      });
      const [had, has, of] = [before, after, base].map((one) => new Cells(size).turnTo(one)) as [Cells, Cells, Cells];
      const operations = finder.find(had, has, [{ pageNumber: 2, cells: of }]);
      if (operations === undefined) continue;
      patcher.apply({ memory: before, start: 0 }, operations, 0, operations.length);
      expect(before.equals(after)).toBe(true);
    }
  }
});

function aligned(bytes: Uint8Array): Buffer {
  const copy = Buffer.from(new ArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}
