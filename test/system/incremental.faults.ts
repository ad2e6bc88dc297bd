import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { ChainPlace, pagesSha256In, pagesSha256Of } from '../support/chain-place.ts';
import { createTestContext, withDirectory } from '../support/phase-context.ts';
import { createTrackerDatabase, sqlite3 } from '../support/tracker-database.ts';

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));
const KILLS = 25;

/** Dumps in a process of its own, which can be killed. */
function dumpElsewhere({ source, target }: ChainPlace): ChildProcess {
  const script = `
    const { createSqliteDatabase } = await import(${JSON.stringify(join(DIST, 'activities/databases/sqlite/index.js'))});
    const { createPrograms } = await import(${JSON.stringify(join(DIST, 'process/programs.js'))});
    const context = { attempt: 1, signal: new AbortController().signal, report() {}, warn() {}, readSecret() {}, redact: (text) => text };
    await createSqliteDatabase(createPrograms(process.env)).dump(${JSON.stringify(source)}, ${JSON.stringify(target)}, context);`;
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
}

test(`a dump that is killed at any of ${KILLS} moments leaves a chain that is whole and is gone on with`, async () => {
  await withDirectory(async (directory) => {
    const place = new ChainPlace(directory, { rebaseRatio: 0.8 });
    await createTrackerDatabase(place.path, { journalMode: 'wal', bytes: 40_000_000 });
    await place.dump();
    let untouched = 0;
    for (let round = 1; round <= KILLS; round++) {
      await sqlite3(place.path, `UPDATE torrents SET completed = completed + 1 WHERE id % 300 = ${round};`);
      const child = dumpElsewhere(place);
      const ended = once(child, 'close');
      await sleep(150 + round * 25);
      child.kill('SIGKILL');
      await ended;
      if (child.exitCode === null) untouched++;
      const context = createTestContext();
      const dump = await place.dump(context);
      expect(context.warnings).toEqual([]);
      expect(pagesSha256In(dump)).toBe(await pagesSha256Of(place.path));
      if (round % 5 === 0) expect(await pagesSha256Of(await place.replay())).toBe(pagesSha256In(dump));
    }
    expect(untouched).toBeGreaterThan(KILLS / 2);
  });
});

test('a database that grows over 1 GiB, where SQLite leaves a page out, and shrinks again comes back byte by byte', async () => {
  await withDirectory(async (directory) => {
    const place = new ChainPlace(directory, { rebaseRatio: 10 });
    const insert = (from: number, to: number) =>
      `WITH RECURSIVE n(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${to})
         INSERT INTO t SELECT i, randomblob(1000) || zeroblob(9999000) FROM n;`;
    await sqlite3(
      place.path,
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; CREATE TABLE t (id INTEGER PRIMARY KEY, x); ${insert(1, 100)}`,
    );
    for (const change of [
      'SELECT 1;',
      insert(101, 120),
      'UPDATE t SET x = 1 WHERE id = 119;',
      'DELETE FROM t WHERE id > 90; VACUUM;',
    ]) {
      await sqlite3(place.path, `PRAGMA synchronous = OFF; ${change}`);
      const dump = await place.dump();
      expect(pagesSha256In(dump)).toBe(await pagesSha256Of(place.path));
      expect(await pagesSha256Of(await place.replay())).toBe(pagesSha256In(dump));
    }
  });
});
