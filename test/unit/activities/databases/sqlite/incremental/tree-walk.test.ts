import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { BtreePages } from '../../../../../../activities/databases/sqlite/incremental/btree-pages.ts';
import { TreeWalk } from '../../../../../../activities/databases/sqlite/incremental/tree-walk.ts';
import { withDirectory } from '../../../../../support/phase-context.ts';
import { sqlite3 } from '../../../../../support/tracker-database.ts';

const PAGE_SIZE = 512;
const ROWS = 500;

/** Pages of a database with a table, an index of it, and a table without rowids, each of two levels. */
let healthy: Buffer;
let roots: { t: number; i: number; w: number };

beforeAll(async () => {
  await withDirectory(async (directory) => {
    const path = join(directory, 'live.db');
    await sqlite3(
      path,
      `PRAGMA page_size = ${PAGE_SIZE}; CREATE TABLE t (a); CREATE INDEX i ON t (a); CREATE TABLE w (a PRIMARY KEY) WITHOUT ROWID;
       WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS}) INSERT INTO t SELECT i FROM n;
       INSERT INTO w SELECT a FROM t;`,
    );
    const rows = await sqlite3(
      path,
      ".mode json\nSELECT json_group_object(name, rootpage) AS roots FROM sqlite_schema WHERE name IN ('t', 'i', 'w');",
    );
    roots = JSON.parse((JSON.parse(rows) as [{ roots: string }])[0].roots) as typeof roots;
    healthy = await readFile(path);
  });
});

/** Counts in pages that were changed, as if the database had so many of them. */
function walk(pages: Buffer, databasePages = pages.length / PAGE_SIZE): TreeWalk {
  const btrees = new BtreePages({ bytes: pages.length, pageSize: PAGE_SIZE });
  btrees.take({ firstPage: 1, pages });
  return new TreeWalk(btrees, databasePages);
}

function page(pages: Buffer, number: number): Buffer {
  return pages.subarray((number - 1) * PAGE_SIZE, number * PAGE_SIZE);
}

/** Where an interior page names its rightmost child, and where its first. */
const RIGHTMOST = 8;
const first = (root: Buffer) => root.readUInt16BE(12);
const child = (pages: Buffer, root: Buffer) => page(pages, root.readUInt32BE(RIGHTMOST));

const DAMAGES: [string, (root: Buffer, pages: Buffer, number: number) => void][] = [
  ['a root of another kind', (root) => void (root[0] = (root[0] ?? 0) ^ 0x07)],
  ['a root that is no page of a b-tree', (root) => void (root[0] = 0)],
  ['no cells in the root', (root) => void root.writeUInt16BE(0, 3)],
  ['more cells than a page has room for', (root) => void root.writeUInt16BE(0xffff, 3)],
  ['more cells in a child than a page has room for', (root, pages) => void child(pages, root).writeUInt16BE(85, 3)],
  ['a cell outside of its page', (root) => void root.writeUInt16BE(PAGE_SIZE - 3, 12)],
  ['a child twice', (root) => void root.copy(root, RIGHTMOST, first(root), first(root) + 4)],
  ['a child that is its parent', (root, _, number) => void root.writeUInt32BE(number, RIGHTMOST)],
  ['a child 0', (root) => void root.writeUInt32BE(0, RIGHTMOST)],
  ['a child beyond the database', (root, pages) => void root.writeUInt32BE(pages.length / PAGE_SIZE + 1, RIGHTMOST)],
  ['a child that is the schema', (root) => void root.writeUInt32BE(1, RIGHTMOST)],
  ['a child without cells', (root, pages) => void child(pages, root).writeUInt16BE(0, 3)],
  ['a child of another kind', (root, pages) => void (child(pages, root)[0] = root[0] === 0x05 ? 0x0a : 0x0d)],
];

const TREES = ['t', 'i', 'w'] as const;

test('each of the trees is counted when it is whole', () => {
  const whole = walk(healthy);
  expect(TREES.map((tree) => whole.count(roots[tree], tree === 't'))).toEqual([ROWS, ROWS, ROWS]);
});

test.each(DAMAGES)('of a tree with %s nothing is told, and the others are counted', (_, damage) => {
  for (const tree of TREES) {
    const pages = Buffer.from(healthy);
    damage(page(pages, roots[tree]), pages, roots[tree]);
    const damaged = walk(pages);
    const counts = TREES.map((other) => damaged.count(roots[other], other === 't'));
    expect(counts).toEqual(TREES.map((other) => (other === tree ? undefined : ROWS)));
  }
});

test('of a tree that is asked for as one of another kind nothing is told', () => {
  expect(walk(healthy).count(roots.t, false)).toBeUndefined();
  expect(walk(healthy).count(roots.w, true)).toBeUndefined();
});

test('of a tree that reaches beyond the pages that SQLite counts in the file nothing is told', () => {
  const last = roots.w;
  expect(walk(healthy, last).count(roots.w, false)).toBeUndefined();
  expect(walk(healthy, last - 1).count(roots.w, false)).toBeUndefined();
});

/** Pages of a tree of tables that leans to the right: below each page but the last two hangs a leaf with one row. */
function leaning(levels: number): Buffer {
  const pages = Buffer.alloc(2 * levels * PAGE_SIZE);
  for (let level = 1; level <= levels; level++) {
    const [left, right] = [page(pages, 2 * level - 1), page(pages, 2 * level)];
    left.set([0x0d, 0, 0, 0, 1]);
    right.set(level === levels ? [0x0d, 0, 0, 0, 1] : [0x05, 0, 0, 0, 1]);
    if (level === levels) continue;
    right.writeUInt32BE(2 * level + 2, RIGHTMOST);
    right.writeUInt16BE(100, 12);
    right.writeUInt32BE(2 * level + 1, 100);
  }
  return pages;
}

test('a tree may have 20 levels and not more', () => {
  expect(walk(leaning(20)).count(2, true)).toBe(20);
  expect(walk(leaning(21)).count(2, true)).toBeUndefined();
});

test('pages that all pretend to have as many children as they can take no more than their share of memory', () => {
  const pages = Buffer.alloc(64 * PAGE_SIZE);
  for (let number = 1; number <= 64; number++) page(pages, number).set([0x05, 0, 0, 0, 84]);
  const btrees = new BtreePages({ bytes: pages.length, pageSize: PAGE_SIZE });
  btrees.take({ firstPage: 1, pages });
  expect(btrees.at(1)).toEqual({ isLeaf: false, isTable: true, cells: 84 });
  expect(btrees.at(2)).toBeUndefined();
});

test('nothing is kept of a database of more than 8 million pages, and nothing told', () => {
  const btrees = new BtreePages({ bytes: (2 ** 23 + 1) * PAGE_SIZE, pageSize: PAGE_SIZE });
  btrees.take({ firstPage: 1, pages: healthy });
  expect(btrees.size).toBe(0);
  expect(new TreeWalk(btrees, 2 ** 23 + 1).count(roots.t, true)).toBeUndefined();
});
