import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Row } from '../../../../../../activities/databases/sqlite/connection.ts';
import { scanPages } from '../../../../../../activities/databases/sqlite/incremental/scan-pages.ts';
import { countScanned, TREES_SQL } from '../../../../../../activities/databases/sqlite/incremental/scanned-counts.ts';
import type { Programs } from '../../../../../../process/programs.ts';
import { ChainPlace } from '../../../../../support/chain-place.ts';
import { createTestContext, programs, withDirectory } from '../../../../../support/phase-context.ts';
import { sqlite3 } from '../../../../../support/tracker-database.ts';

/** Tables of all kinds; `deep` has keys that take most of a page, so that its trees are deep. */
const TABLES = `
  CREATE TABLE rows (id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB UNIQUE, n INTEGER, filler TEXT);
  CREATE INDEX rows_n ON rows (n, hash);
  CREATE INDEX rows_some ON rows (n) WHERE n % 7 = 0;
  CREATE INDEX rows_length ON rows (length(filler));
  CREATE TABLE keyed (k BLOB, v TEXT, PRIMARY KEY (k, v)) WITHOUT ROWID;
  CREATE INDEX keyed_v ON keyed (v);
  CREATE TABLE deep (k BLOB PRIMARY KEY) WITHOUT ROWID;
  CREATE TABLE descending (id INTEGER PRIMARY KEY DESC, a);
  CREATE TABLE "odd, 'name'" (a TEXT PRIMARY KEY, b);
  CREATE TABLE overflowing (a BLOB);
  CREATE TABLE emptied (a UNIQUE);
  CREATE TABLE empty (a);
  CREATE TABLE empty_keyed (a PRIMARY KEY) WITHOUT ROWID;
  CREATE TABLE one (a);
  CREATE VIRTUAL TABLE words USING fts5 (body);
  CREATE VIEW seen AS SELECT * FROM rows;
  CREATE TEMP TABLE numbers AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000) SELECT i FROM n;
  INSERT INTO rows SELECT i, randomblob(20), i % 100, hex(randomblob(i % 30)) FROM numbers;
  INSERT INTO keyed SELECT randomblob(12), hex(randomblob(i % 9)) FROM numbers;
  INSERT INTO deep SELECT randomblob(400) FROM numbers WHERE i <= 900;
  INSERT INTO descending SELECT i, i FROM numbers;
  INSERT INTO "odd, 'name'" SELECT i, i FROM numbers;
  INSERT INTO overflowing SELECT randomblob(i * 40) FROM numbers WHERE i % 50 = 0;
  INSERT INTO emptied SELECT i FROM numbers;
  INSERT INTO one VALUES (1);
  INSERT INTO words SELECT hex(i) || ' word' FROM numbers WHERE i < 500;
  ANALYZE;`;

/** Leaves pages that are free and look like pages of a b-tree, and trees that were balanced anew. */
const DELETIONS = `
  DELETE FROM rows WHERE id % 3 = 0 OR id BETWEEN 2000 AND 4000;
  DELETE FROM keyed WHERE k < x'40';
  DELETE FROM overflowing WHERE rowid % 2 = 0;
  DELETE FROM emptied;
  DELETE FROM words WHERE rowid % 2 = 0;`;

async function trees(path: string): Promise<Row[]> {
  return JSON.parse(await sqlite3(path, `.mode json\n${TREES_SQL}`)) as Row[];
}

/** What the pages of a file tell, by table. */
async function countByScan(path: string): Promise<Record<string, number | undefined>> {
  const { size: bytes } = await stat(path);
  const [pageSize, pages] = (await sqlite3(path, 'PRAGMA page_size; PRAGMA page_count;')).split('\n').map(Number) as [
    number,
    number,
  ];
  const { btrees } = await scanPages(path, {
    bytes,
    pageSize,
    signal: new AbortController().signal,
    prepare: async () => undefined,
    consume: async () => undefined,
  });
  const tables = await trees(path);
  const counts = countScanned(tables, btrees, pages);
  return Object.fromEntries(tables.map(({ name }, position) => [String(name), counts.get(position)]));
}

/** What sqlite3 counts, by table. */
async function countBySqlite(path: string): Promise<Record<string, number>> {
  const names = (await trees(path)).map(({ name }) => String(name));
  const counts = await sqlite3(path, names.map((name) => `SELECT count(*) FROM "${name}";`).join('\n'));
  return Object.fromEntries(counts.split('\n').map((count, index) => [names[index], Number(count)]));
}

const SETTINGS = [
  [512, 'auto_vacuum = NONE'],
  [512, 'auto_vacuum = FULL'],
  [4096, 'auto_vacuum = NONE'],
  [4096, 'auto_vacuum = INCREMENTAL'],
  [65_536, 'auto_vacuum = FULL'],
] as const;

test.each(SETTINGS)(
  'every table in pages of %i bytes with %s is counted as sqlite3 does, but virtual ones',
  async (size, vacuum) => {
    await withDirectory(async (directory) => {
      const path = join(directory, 'live.db');
      await sqlite3(path, `PRAGMA page_size = ${size}; PRAGMA ${vacuum};${TABLES}`);
      for (const change of ['', DELETIONS, 'PRAGMA incremental_vacuum(20); DROP TABLE keyed;', 'VACUUM;']) {
        await sqlite3(path, change);
        expect(await countByScan(path)).toEqual({ ...(await countBySqlite(path)), words: undefined });
      }
    });
  },
);

test('trees of many levels, in pages with reserved bytes, are counted as sqlite3 does', async () => {
  await withDirectory(async (directory) => {
    const path = join(directory, 'live.db');
    await sqlite3(path, `.filectrl reserve_bytes 32\nPRAGMA page_size = 512; VACUUM;${TABLES}`);
    expect((await readFile(path))[20]).toBe(32);
    expect(await countByScan(path)).toEqual({ ...(await countBySqlite(path)), words: undefined });
    const slashes = "length(path) - length(replace(path, '/', ''))";
    const levels = await sqlite3(path, `SELECT name, max(${slashes}) FROM dbstat WHERE name IN ('rows', 'deep') GROUP BY name;`);
    expect(levels).toMatch(/^deep\|[3-9]\nrows\|[3-9]$/);
  });
});

test('a table whose index has fewer entries is left to sqlite3', async () => {
  await withDirectory(async (directory) => {
    const place = new ChainPlace(directory);
    await sqlite3(place.path, INDEX_THAT_LACKS_A_ROW);
    expect(await countByScan(place.path)).toEqual({ t: undefined, u: 1 });
    const actual = await countBySqlite(place.path);
    expect(actual).toEqual({ t: 2, u: 1 });
    for (let day = 0; day < 2; day++) {
      expect((await place.dump()).facts).toMatchObject({ tables: actual, chain: { deltas: day } });
      await sqlite3(place.path, 'UPDATE u SET a = 2;');
    }
  });
});

/** Row 3 of `t` came while the schema did not have the index. */
const INDEX_THAT_LACKS_A_ROW = `
  CREATE TABLE t (a, filler); CREATE INDEX i ON t (a); CREATE TABLE u (a);
  INSERT INTO t VALUES (1, 'some more text'), (2, 'some more text'); INSERT INTO u VALUES (1);
  PRAGMA writable_schema = ON;
  CREATE TEMP TABLE kept AS SELECT * FROM sqlite_schema WHERE name = 'i';
  DELETE FROM sqlite_schema WHERE name = 'i';
  PRAGMA writable_schema = RESET;
  INSERT INTO t VALUES (3, 'some more text');
  PRAGMA writable_schema = ON;
  INSERT INTO sqlite_schema SELECT * FROM kept;`;

test('base and deltas tell what sqlite3 counts, and ask it for virtual tables alone', async () => {
  await withDirectory(async (directory) => {
    const counted: string[] = [];
    const place = new ChainPlace(directory, { programs: noteCounts(counted) });
    await sqlite3(place.path, `PRAGMA journal_mode = wal;${TABLES}`);
    for (const [day, change] of ['', DELETIONS, 'DROP TABLE keyed; CREATE TABLE zz (a);'].entries()) {
      await sqlite3(place.path, change);
      const context = createTestContext();
      const { facts } = await place.dump(context);
      expect(facts).toMatchObject({ tables: await countBySqlite(place.path), chain: { deltas: day } });
      expect(Object.keys(facts.tables)).toEqual(Object.keys(facts.tables).sort());
      expect(context.warnings).toEqual([]);
      expect(counted.splice(0)).toEqual(['words']);
    }
  });
});

/** Programs that note the tables that sqlite3 is told to count. */
function noteCounts(names: string[]): Programs {
  return {
    ...programs,
    start: async (request) => {
      const program = await programs.start(request);
      return {
        ...program,
        write: (text) => {
          for (const [, name] of text.matchAll(/^SELECT \d+ AS position, count\(\*\) AS n FROM "(.*)";$/gm))
            names.push(name ?? '');
          program.write(text);
        },
      };
    },
  };
}
