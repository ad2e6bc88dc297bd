import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { createSqliteDatabase } from '../../../../../../activities/databases/sqlite/index.ts';
import { ChainPlace, sha256Of } from '../../../../../support/chain-place.ts';
import { childProcesses } from '../../../../../support/child-processes.ts';
import { createTestContext, programs, type TestContext, withDirectory } from '../../../../../support/phase-context.ts';
import { createTrackerDatabase, python, sqlite3 } from '../../../../../support/tracker-database.ts';

const CHANGE = 'UPDATE torrents SET completed = completed + 1 WHERE id % 500 = 0;';

/** A place with a base, and a change since. */
async function oneDay(directory: string): Promise<ChainPlace> {
  const place = new ChainPlace(directory);
  await createTrackerDatabase(place.path, { journalMode: 'wal', bytes: 300_000 });
  await place.dump();
  await sqlite3(place.path, CHANGE);
  return place;
}

/** Ends all children each time that pages are compared, and counts how often that was. */
function killAtEachCompare(context: TestContext, times: number): () => number {
  const before = childProcesses();
  let rounds = 0;
  const { report } = context;
  context.report = (progress) => {
    report(progress);
    if (progress.phase !== 'compare' || ++rounds > times) return;
    for (const pid of childProcesses().filter((child) => !before.includes(child))) process.kill(pid, 'SIGKILL');
  };
  return () => rounds;
}

test('a pin that dies while pages are compared makes the delta worthless, and it is written again', async () => {
  await withDirectory(async (directory) => {
    const place = await oneDay(directory);
    const context = createTestContext();
    const rounds = killAtEachCompare(context, 1);
    const dump = await place.dump(context);
    expect(rounds()).toBe(2);
    expect(dump.facts).toMatchObject({ chain: { deltas: 1 } });
    expect(await sha256Of(await place.replay())).toBe(await sha256Of(place.path));
  });
});

test('a pin that dies each time fails the dump and leaves the chain that was, on which the next one builds', async () => {
  await withDirectory(async (directory) => {
    const place = await oneDay(directory);
    const context = createTestContext();
    killAtEachCompare(context, Number.POSITIVE_INFINITY);
    await expect(place.dump(context)).rejects.toMatchObject({ type: 'SourceUnavailable' });
    expect(await readdir(join(directory, 'stage/sqlite'))).toEqual([]);
    const home = join(directory, 'state/chain');
    const [id] = (await readdir(home)).filter((name) => name !== 'chain.json');
    expect((await readdir(join(home, id ?? ''))).sort()).toEqual(['0000.pages', 'base.db']);
    expect((await place.dump()).facts).toMatchObject({ chain: { deltas: 1 } });
    expect(await sha256Of(await place.replay())).toBe(await sha256Of(place.path));
  });
});

test('what sqlite3 cannot count or check without the service is warned of, in the base and in each delta', async () => {
  await withDirectory(async (directory) => {
    const place = new ChainPlace(directory);
    await python(
      `database = sqlite3.connect(sys.argv[1])
database.create_collation("odd", lambda a, b: (a > b) - (a < b))
database.executescript("CREATE TABLE t (a TEXT COLLATE odd); CREATE INDEX i ON t (a); INSERT INTO t VALUES ('x'); CREATE TABLE u (a);")`,
      place.path,
    );
    await sqlite3(
      place.path,
      `PRAGMA writable_schema = ON;
       INSERT INTO sqlite_schema VALUES ('table', 'gone', 'gone', 0, 'CREATE VIRTUAL TABLE gone USING no_such_module (x)');`,
    );
    for (const rows of [0, 1]) {
      const context = createTestContext();
      const dump = await place.dump(context);
      expect(dump.facts).toMatchObject({ tables: { t: 1, u: rows }, chain: { deltas: rows } });
      expect(Object.keys(dump.facts.tables)).toEqual(['t', 'u']);
      expect(context.warnings.sort()).toEqual([
        expect.stringMatching(/cannot check .*t.*, which needs/),
        expect.stringMatching(/the rows of gone could not be counted/),
      ]);
      await sqlite3(place.path, "INSERT INTO u VALUES ('x');");
    }
  });
});

test('the room that a run is expected to take is a whole base first, and a part of it from then on', async () => {
  await withDirectory(async (directory) => {
    const place = new ChainPlace(directory);
    await createTrackerDatabase(place.path, { journalMode: 'delete', bytes: 1_000_000 });
    const estimate = () => createSqliteDatabase(programs).estimateBytes(place.source, createTestContext());
    const whole = await estimate();
    expect((await place.dump()).bytes).toBe(whole);
    expect(await estimate()).toBeLessThanOrEqual(whole / 5);
    await sqlite3(place.path, 'UPDATE torrents SET completed = completed + 1 WHERE id % 2 = 0');
    await place.dump();
    expect(await estimate()).toBeGreaterThan(whole / 2);
  });
});
