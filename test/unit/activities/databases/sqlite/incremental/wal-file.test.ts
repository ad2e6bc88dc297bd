import { open, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { readWal, WalWriter } from '../../../../../../activities/databases/sqlite/incremental/wal-file.ts';
import { WalDamaged } from '../../../../../../activities/databases/sqlite/incremental/wal-format.ts';
import { withDirectory } from '../../../../../support/phase-context.ts';
import { sqlite3 } from '../../../../../support/tracker-database.ts';

const PAGE = 4096;

async function writeLog(path: string, pages: readonly [number, Buffer][], databasePages: number): Promise<void> {
  const writer = await WalWriter.create(path, PAGE);
  for (const [number, page] of pages) await writer.append(number, page);
  await writer.finish(databasePages);
  await writer.close();
}

async function drain(path: string, pageSize = PAGE): Promise<number[]> {
  const numbers: number[] = [];
  for await (const { pageNumber } of readWal(path, pageSize)) numbers.push(pageNumber);
  return numbers;
}

test('sqlite3 takes what it writes for a log of its own, also where a log makes the database smaller', async () => {
  await withDirectory(async (directory) => {
    const [old, now] = [join(directory, 'old.db'), join(directory, 'now.db')];
    for (const [path, rows] of [
      [old, 5000],
      [now, 40],
    ] as const) {
      const insert = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) INSERT INTO t SELECT i FROM n;`;
      await sqlite3(path, `CREATE TABLE t (a); ${insert}`);
    }
    const content = await readFile(now);
    const pages = Array.from({ length: content.length / PAGE }, (_, index): [number, Buffer] => [
      index + 1,
      content.subarray(index * PAGE, (index + 1) * PAGE),
    ]);
    await writeLog(`${old}-wal`, pages, pages.length);
    expect(await sqlite3(old, 'SELECT count(*) FROM t; PRAGMA integrity_check; PRAGMA wal_checkpoint(TRUNCATE);')).toBe(
      '40\nok\n0|0|0',
    );
    expect(Buffer.compare(await readFile(old), content)).toBe(0);
  });
});

test('each damaged byte is noticed when it is read back', async () => {
  await withDirectory(async (directory) => {
    const path = join(directory, 'log');
    const pages = [1, 7, 9].map((number): [number, Buffer] => [number, Buffer.alloc(PAGE, number)]);
    await writeLog(path, pages, 9);
    expect(await drain(path)).toEqual([1, 7, 9]);
    const whole = await readFile(path);
    // Header, its checksum, page number, size of the database, salt, checksum, page.
    for (const position of [0, 5, 9, 17, 25, 35, 39, 43, 51, 60, 5000, whole.length - 1]) {
      const damaged = Buffer.from(whole);
      damaged.writeUInt8(damaged.readUInt8(position) ^ 1, position);
      await writeFile(path, damaged);
      await expect(drain(path)).rejects.toThrow(WalDamaged);
    }
    await writeFile(path, whole);
    await truncate(path, whole.length - 10);
    await expect(drain(path)).rejects.toThrow(/in the middle of a page/);
    await writeFile(path, whole);
    await expect(drain(path, 1024)).rejects.toThrow(/header/);
  });
});

test('a log is never written over a file that is there', async () => {
  await withDirectory(async (directory) => {
    const path = join(directory, 'log');
    await (await open(path, 'w')).close();
    await expect(WalWriter.create(path, PAGE)).rejects.toMatchObject({ code: 'EEXIST' });
  });
});
