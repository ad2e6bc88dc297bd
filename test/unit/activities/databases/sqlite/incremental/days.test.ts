import { readdir, stat } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { ChainPlace, pagesSha256In, pagesSha256Of, sha256Of } from '../../../../../support/chain-place.ts';
import { createTestContext, withDirectory } from '../../../../../support/phase-context.ts';
import { sqlite3 } from '../../../../../support/tracker-database.ts';

const PAGE_SIZES = [512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536];

function create(place: ChainPlace, settings: { pageSize?: number; journal?: string; more?: string; rows?: number } = {}) {
  const { pageSize = 4096, journal = 'wal', more = '', rows = 8000 } = settings;
  return sqlite3(
    place.path,
    `PRAGMA page_size = ${pageSize}; ${more} PRAGMA journal_mode = ${journal};
     CREATE TABLE t (id INTEGER PRIMARY KEY, hash BLOB UNIQUE, n INTEGER, filler TEXT);
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
       INSERT INTO t SELECT i, randomblob(20), 0, hex(randomblob(10)) FROM n;`,
  );
}

/** Dumps, replays by replay.sh, and compares with the database byte by byte. */
async function expectIdentical(place: ChainPlace, isReplayed = true) {
  const context = createTestContext();
  const dump = await place.dump(context);
  expect(context.warnings).toEqual([]);
  expect(pagesSha256In(dump)).toBe(await pagesSha256Of(place.path));
  if (!isReplayed) return dump;
  const replayed = await place.replay();
  expect(await sha256Of(replayed)).toBe(await sha256Of(place.path));
  expect((await stat(replayed)).size).toBe(dump.bytes);
  expect(await sqlite3(replayed, 'PRAGMA integrity_check')).toBe('ok');
  return dump;
}

test.each(PAGE_SIZES)('pages of %i bytes come back byte by byte after three days', async (pageSize) => {
  await withDirectory(async (directory) => {
    const place = new ChainPlace(directory, { rebaseRatio: 100 });
    await create(place, { pageSize, journal: pageSize % 3 === 2 ? 'wal' : 'delete', rows: 2000 });
    for (let day = 1; day <= 3; day++) {
      const dump = await expectIdentical(place, day === 3);
      expect(dump.method).toMatch(day === 1 ? /new base$/ : /^incremental, [1-9]\d* of \d+ pages$/);
      await sqlite3(place.path, 'UPDATE t SET n = n + 1 WHERE abs(random()) % 100 = 0;');
    }
  });
});

test.each(['wal', 'delete'])(
  'ten days of random changes in journal mode %s come back byte by byte',
  async (journal) => {
    await withDirectory(async (directory) => {
      const place = new ChainPlace(directory, { rebaseRatio: 100 });
      await create(place, { journal });
      for (let day = 1; day <= 10; day++) {
        await expectIdentical(place, day === 5);
        await sqlite3(
          place.path,
          `UPDATE t SET n = n + 1 WHERE abs(random()) % 500 = 0; DELETE FROM t WHERE abs(random()) % 300 = 0;
         INSERT INTO t (hash, n, filler) SELECT randomblob(20), ${day}, hex(randomblob(${day * 3})) FROM t LIMIT 50;`,
        );
      }
      expect(await expectIdentical(place)).toMatchObject({ facts: { chain: { deltas: 10 } } });
    });
  },
  120_000,
);

test('VACUUM, shrinking, auto_vacuum, another journal mode and a nearly empty database are followed', async () => {
  await withDirectory(async (directory) => {
    const place = new ChainPlace(directory, { rebaseRatio: 100 });
    await create(place, { more: 'PRAGMA auto_vacuum = INCREMENTAL;', journal: 'delete' });
    const first = await expectIdentical(place);
    const changes = [
      'DELETE FROM t WHERE id % 3 = 0; PRAGMA incremental_vacuum;',
      'VACUUM;',
      'PRAGMA journal_mode = WAL; UPDATE t SET n = 7 WHERE id < 100;',
      'DELETE FROM t WHERE id > 10; VACUUM;',
      'PRAGMA journal_mode = DELETE;',
      'DROP TABLE t; VACUUM;',
      'CREATE TABLE later (a); INSERT INTO later VALUES (zeroblob(300000));',
    ];
    for (const change of changes) {
      await sqlite3(place.path, change);
      const dump = await expectIdentical(place);
      expect(dump.method).toMatch(/^incremental, [1-9]\d* of/);
      if (change.includes('DROP')) expect(dump.bytes).toBeLessThan(first.bytes / 10);
    }
  });
});

test('another page size begins a new chain', async () => {
  await withDirectory(async (directory) => {
    const place = new ChainPlace(directory);
    await create(place, { journal: 'delete' });
    await expectIdentical(place);
    await sqlite3(place.path, 'PRAGMA page_size = 8192; VACUUM;');
    expect((await expectIdentical(place)).method).toBe('incremental, new base, because its page size has changed');
  });
});

test('a database that did not change adds nothing, and the base stays the same file', async () => {
  await withDirectory(async (directory) => {
    const place = new ChainPlace(directory);
    await create(place);
    await place.dump();
    const before = await stat(`${place.target}/base.db`, { bigint: true });
    const dump = await place.dump();
    expect(dump).toMatchObject({ method: 'incremental, unchanged', facts: { chain: { deltas: 0 } } });
    expect((await readdir(place.target)).sort()).toEqual(['base.db', 'chain.json', 'replay.sh']);
    const { ino, size, mtimeNs, ctimeNs } = await stat(`${place.target}/base.db`, { bigint: true });
    expect({ ino, size, mtimeNs, ctimeNs }).toEqual({
      ino: before.ino,
      size: before.size,
      mtimeNs: before.mtimeNs,
      ctimeNs: before.ctimeNs,
    });
    await expectIdentical(place);
  });
});

test('deltas that would exceed rebase_at give a new base, and the old one goes', async () => {
  await withDirectory(async (directory) => {
    const place = new ChainPlace(directory, { rebaseRatio: 0.3 });
    await create(place);
    await expectIdentical(place);
    await sqlite3(place.path, 'UPDATE t SET n = 1;');
    expect((await expectIdentical(place)).method).toMatch(/new base, because so much has changed/);
    expect(await readdir(place.source.chain?.directory ?? '')).toHaveLength(2);
    expect((await readdir(place.target)).sort()).toEqual(['base.db', 'chain.json', 'replay.sh']);
  });
});
