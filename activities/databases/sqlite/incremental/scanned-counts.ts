import type { Row } from '../connection.ts';
import { FROM_TABLES } from '../read-content.ts';
import type { BtreePages } from './btree-pages.ts';
import { TreeWalk } from './tree-walk.ts';

/**
 * Answers as TABLES_SQL does, with the trees of each table: the root page of its own, 0 for a virtual one, and those of its indexes that
 * have an entry for each row. A table without rowids is the index of its key, which is told by that sqlite_schema has no such index.
 * One pass and no subquery for each table: there may be thousands.
 */
export const TREES_SQL = `SELECT tables.name, tables.rootpage AS root,
  NOT coalesce(max(origin = 'pk' AND indexes.name IS NULL), 0) AS has_rowid,
  group_concat(indexes.rootpage) FILTER (WHERE NOT partial) AS index_roots
FROM (SELECT rowid AS id, name, rootpage ${FROM_TABLES}) AS tables
LEFT JOIN (SELECT owners.rowid AS owner, list.name, origin, partial
  FROM sqlite_schema AS owners, pragma_index_list(owners.name) AS list WHERE type = 'table') AS lists ON owner = id
LEFT JOIN sqlite_schema AS indexes ON indexes.type = 'index' AND indexes.name = lists.name
GROUP BY id ORDER BY tables.name;`;

/** A virtual table; its rows are what its module says. */
export function isVirtual(table: Row | undefined): boolean {
  return table?.['root'] === 0;
}

/**
 * Counts the rows of tables by the pages of the database, with no need to read them again. Where a table and its indexes do not agree
 * nothing is told, for SQLite counts whichever is the smallest.
 *
 * @param tables the answer to {@link TREES_SQL}
 * @returns rows by the positions of the tables
 */
export function countScanned(tables: readonly Row[], pages: BtreePages, databasePages: number): Map<number, number> {
  const walk = new TreeWalk(pages, databasePages);
  const counts = tables.map((table) => countTable(table, walk));
  return new Map(counts.flatMap((count, position) => (count === undefined ? [] : [[position, count]])));
}

function countTable({ root, has_rowid: hasRowid, index_roots: roots }: Row, walk: TreeWalk): number | undefined {
  const rows = walk.count(Number(root), hasRowid === 1);
  const indexes = typeof roots === 'string' ? roots.split(',').map(Number) : [];
  return indexes.every((index) => walk.count(index, false) === rows) ? rows : undefined;
}
