import { cp, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { replayInto } from '../../../../../../activities/restore/replay-chains.ts';
import type { SqliteFacts } from '../../../../../../activities/stage/manifest.ts';
import { ChainPlace, sha256Of } from '../../../../../support/chain-place.ts';
import { createTestContext, programs, withDirectory } from '../../../../../support/phase-context.ts';
import { createTrackerDatabase, sqlite3 } from '../../../../../support/tracker-database.ts';

test('days on which each page changes a little are packed, and come back byte by byte by the script and by Holdfast', async () => {
  await withDirectory(async (directory) => {
    const place = new ChainPlace(directory, { rebaseRatio: 1 });
    await createTrackerDatabase(place.path, { journalMode: 'wal', bytes: 45_000_000 });
    await place.dump();
    for (let day = 1; day <= 2; day++) {
      await sqlite3(
        place.path,
        `UPDATE torrents SET completed = completed + 1 WHERE abs(random()) % 200 = 0;
         INSERT INTO torrents (info_hash, completed) SELECT randomblob(20), 0 FROM torrents LIMIT 5000;`,
      );
      const context = createTestContext();
      const dump = await place.dump(context);
      expect(context.warnings).toEqual([]);
      expect(dump.method).toMatch(/packed$/);
      const stored = dump.entries?.filter(({ path }) => path.includes(`/000${day}.`)) ?? [];
      expect(stored.length).toBeGreaterThan(1);
      expect(stored.reduce((sum, { bytes = 0 }) => sum + bytes, 0)).toBeLessThan(6_000_000);
      if (day < 2) continue;
      const expected = await sha256Of(place.path);
      expect(await sha256Of(await place.replay())).toBe(expected);
      const tree = join(directory, 'restored');
      await cp(join(directory, 'stage'), tree, { recursive: true });
      const chain = { id: 'sqlite/tracker', facts: dump.facts as SqliteFacts };
      expect(await replayInto(tree, chain, { programs, context })).toBeUndefined();
      expect(await readdir(join(tree, 'sqlite'))).toEqual(['tracker.db']);
      expect(await sha256Of(join(tree, 'sqlite/tracker.db'))).toBe(expected);
    }
  });
}, 120_000);

const SOME_OF_EACH_PAGE = 'UPDATE torrents SET completed = completed + 1 WHERE id % 50 = 0;';

/** A place with a base and one packed day. */
async function packedDay(directory: string): Promise<ChainPlace> {
  const place = new ChainPlace(directory);
  await createTrackerDatabase(place.path, { journalMode: 'wal', bytes: 24_000_000 });
  await place.dump();
  await sqlite3(place.path, SOME_OF_EACH_PAGE);
  expect((await place.dump()).method).toMatch(/packed$/);
  return place;
}

test('a page of the overlay that is not what was written is noticed when a delta is packed, and a new base made', async () => {
  await withDirectory(async (directory) => {
    const place = await packedDay(directory);
    const home = join(directory, 'state/chain');
    const [id] = (await readdir(home)).filter((name) => name !== 'chain.json');
    const overlay = await open(join(home, id ?? '', 'overlay.db'), 'r+');
    await overlay.write(Buffer.alloc(4096, 7), 0, 4096, 4096 * 100);
    await overlay.close();
    await sqlite3(place.path, SOME_OF_EACH_PAGE);
    const context = createTestContext();
    expect((await place.dump(context)).facts).toMatchObject({ chain: { deltas: 0 } });
    expect(context.warnings).toEqual([expect.stringMatching(/page 101 of the chain is not what was written\), so a new base/)]);
    expect(await sha256Of(await place.replay())).toBe(await sha256Of(place.path));
  });
}, 60_000);

test('a replay of a packed chain that was killed is gone on with', async () => {
  await withDirectory(async (directory) => {
    const place = await packedDay(directory);
    await sqlite3(place.path, SOME_OF_EACH_PAGE);
    const facts = (await place.dump()).facts as SqliteFacts;
    for (const dying of ['zstd', 'sqlite3']) {
      const tree = join(directory, dying);
      await cp(join(directory, 'stage'), tree, { recursive: true });
      const context = createTestContext();
      let starts = 0;
      const run: typeof programs.run = async (request) => {
        if (request.program === dying && request.args.length > 3 && ++starts === 2) throw new Error('killed');
        return programs.run(request);
      };
      const chain = { id: 'sqlite/tracker', facts };
      await expect(replayInto(tree, chain, { programs: { ...programs, run }, context })).rejects.toThrow('killed');
      expect(await replayInto(tree, chain, { programs, context })).toBeUndefined();
      expect(await readdir(join(tree, 'sqlite'))).toEqual(['tracker.db']);
    }
  });
}, 60_000);
