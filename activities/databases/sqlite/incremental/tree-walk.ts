import type { BtreePage, BtreePages } from './btree-pages.ts';

/** Pages on the way from a root to a leaf. SQLite takes more for damage (BTCURSOR_MAX_DEPTH in btreeInt.h). */
const MAX_DEPTH = 20;

/** Counts what is in b-trees just as sqlite3BtreeCount (btree.c) does, by the headers of their pages. */
export class TreeWalk {
  readonly #pages: BtreePages;
  readonly #databasePages: number;
  readonly #visited: Uint8Array;

  /** `databasePages`: as SQLite says; a file may be longer. */
  constructor(pages: BtreePages, databasePages: number) {
    this.#pages = pages;
    this.#databasePages = databasePages;
    this.#visited = new Uint8Array(pages.size);
  }

  /**
   * Rows of a table, or entries of an index or of a table without rowids. Each tree may be counted once.
   *
   * @returns undefined where the tree is not whole or is not known, so that SQLite has to say
   */
  count(root: number, isTable: boolean): number | undefined {
    return this.#count(root, { isTable, depth: 1 });
  }

  #count(number: number, { isTable, depth }: { isTable: boolean; depth: number }): number | undefined {
    const page = this.#visit(number);
    if (page === undefined || page.isTable !== isTable) return undefined;
    // The one page of an empty tree alone has no cells.
    if (page.cells === 0) return page.isLeaf && depth === 1 ? 0 : undefined;
    if (page.isLeaf) return page.cells;
    if (depth === MAX_DEPTH) return undefined;
    let entries = isTable ? 0 : page.cells;
    for (const child of this.#pages.childrenOf(number, page)) {
      const below = this.#count(child, { isTable, depth: depth + 1 });
      if (below === undefined) return undefined;
      entries += below;
    }
    return entries;
  }

  /** A page has one place in one tree. */
  #visit(number: number): BtreePage | undefined {
    if (number > this.#databasePages || this.#visited[number] !== 0) return undefined;
    this.#visited[number] = 1;
    return this.#pages.at(number);
  }
}
