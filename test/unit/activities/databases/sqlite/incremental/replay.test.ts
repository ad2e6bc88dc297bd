import { appendFile, cp, mkdtemp, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { replayChain } from '../../../../../../activities/databases/sqlite/incremental/replay.ts';
import { isBegun, replayInto } from '../../../../../../activities/restore/replay-chains.ts';
import type { SqliteFacts } from '../../../../../../activities/stage/manifest.ts';
import { ChainPlace, sha256Of } from '../../../../../support/chain-place.ts';
import { createTestContext, programs, withDirectory } from '../../../../../support/phase-context.ts';
import { createTrackerDatabase, sqlite3 } from '../../../../../support/tracker-database.ts';

/** A restored tree with a chain, and what its manifest says of it. */
async function restoredTree(directory: string, { deltas = 3 } = {}) {
  const place = new ChainPlace(directory, { rebaseRatio: 10 });
  await createTrackerDatabase(place.path, { journalMode: 'delete', bytes: 300_000 });
  let facts = (await place.dump()).facts as SqliteFacts;
  for (let day = 1; day <= deltas; day++) {
    await sqlite3(place.path, `UPDATE torrents SET completed = completed + 1 WHERE id = ${day * 1000};`);
    facts = (await place.dump()).facts as SqliteFacts;
  }
  const tree = join(directory, 'restored');
  await cp(join(directory, 'stage'), tree, { recursive: true });
  return { tree, chain: { id: 'sqlite/tracker', facts }, expected: await sha256Of(place.path) };
}

test('a replay that was killed begins anew, and gives the database and nothing else', async () => {
  await withDirectory(async (directory) => {
    const { tree, chain, expected } = await restoredTree(directory);
    const context = createTestContext();
    const dying = createTestContext();
    dying.report = () => {
      throw new Error('killed');
    };
    expect(await isBegun(tree, chain)).toBe(false);
    await expect(replayInto(tree, chain, { programs, context: dying })).rejects.toThrow('killed');
    expect(await isBegun(tree, chain)).toBe(true);
    expect(await replayInto(tree, chain, { programs, context })).toBeUndefined();
    expect(await readdir(join(tree, 'sqlite'))).toEqual(['tracker.db']);
    expect(await sha256Of(join(tree, 'sqlite/tracker.db'))).toBe(expected);
    expect(await replayInto(tree, chain, { programs, context })).toBeUndefined();
  });
});

test('a chain that lacks a delta, or whose base is another one, stays as it is and gives nothing', async () => {
  await withDirectory(async (directory) => {
    const { tree, chain } = await restoredTree(directory);
    const context = createTestContext();
    const files = join(tree, 'sqlite/tracker');
    await rename(join(files, '0002.wal'), join(files, 'away'));
    expect(await replayInto(tree, chain, { programs, context })).toMatch(/^could not be made: .*0002\.wal is missing$/);
    await rename(join(files, 'away'), join(files, '0002.wal'));
    await appendFile(join(files, 'base.db'), 'x');
    const base = await open(join(files, 'base.db'), 'r+');
    await base.write(Buffer.from('x'), 0, 1, 150_000);
    await base.close();
    const before = await readdir(files);
    expect(await replayInto(tree, chain, { programs, context })).toMatch(/gives has SHA-256 [0-9a-f]{64}, not [0-9a-f]{64}$/);
    expect(await readdir(join(tree, 'sqlite'))).toEqual(['tracker']);
    expect(await readdir(files)).toEqual(before);
  });
});

test('a chain without its base or description is left as it is', async () => {
  await withDirectory(async (directory) => {
    const { tree } = await restoredTree(directory);
    for (const name of ['base.db', 'chain.json']) {
      const copy = join(await mkdtemp(join(directory, 'copy-')), 'tracker');
      await cp(join(tree, 'sqlite/tracker'), copy, { recursive: true });
      await rm(join(copy, name));
      const before = await readdir(copy);
      const target = join(dirname(copy), 'tracker.db');
      const replay = replayChain({ programs, directory: copy, target }, createTestContext());
      await expect(replay).rejects.toThrow(new RegExp(`${name} is missing`));
      expect(await readdir(copy)).toEqual(before);
    }
  });
});

test('a base without deltas becomes the database without being copied, unless it is not what was backed up', async () => {
  await withDirectory(async (directory) => {
    const { tree, chain, expected } = await restoredTree(directory, { deltas: 0 });
    const context = createTestContext();
    const base = join(tree, 'sqlite/tracker/base.db');
    const { ino } = await stat(base);
    const file = await open(base, 'r+');
    await file.write(Buffer.from([255]), 0, 1, 150_000);
    const before = await readdir(join(tree, 'sqlite/tracker'));
    expect(await replayInto(tree, chain, { programs, context })).toMatch(/gives has SHA-256 [0-9a-f]{64}, not [0-9a-f]{64}$/);
    expect(await readdir(join(tree, 'sqlite/tracker'))).toEqual(before);
    expect(await readdir(join(tree, 'sqlite'))).toEqual(['tracker']);
    await file.write(await readFile(join(directory, 'stage/sqlite/tracker/base.db')), 0, undefined, 0);
    await file.close();
    expect(await replayInto(tree, chain, { programs, context })).toBeUndefined();
    expect(await readdir(join(tree, 'sqlite'))).toEqual(['tracker.db']);
    expect((await stat(join(tree, 'sqlite/tracker.db'))).ino).toBe(ino);
    expect(await sha256Of(join(tree, 'sqlite/tracker.db'))).toBe(expected);
    expect(await replayInto(tree, chain, { programs, context })).toBeUndefined();
  });
});
