import {
  appendFile,
  chmod,
  copyFile,
  cp,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { replayChain } from '../../../../../../activities/databases/sqlite/incremental/replay.ts';
import { isBegun, replayInto } from '../../../../../../activities/restore/replay-chains.ts';
import type { SqliteFacts } from '../../../../../../activities/stage/manifest.ts';
import { ChainPlace, replayingFrom, sha256Of } from '../../../../../support/chain-place.ts';
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
  const [stage, tree] = [join(directory, 'stage'), join(directory, 'restored')];
  await cp(stage, tree, { recursive: true });
  return { stage, tree, chain: { id: 'sqlite/tracker', facts }, expected: await sha256Of(place.path) };
}

test('a replay that was killed begins anew, and gives the database and nothing else', async () => {
  await withDirectory(async (directory) => {
    const { stage, tree, chain, expected } = await restoredTree(directory);
    const dying = createTestContext();
    dying.report = () => {
      throw new Error('killed');
    };
    expect(await isBegun(tree, chain)).toBe(false);
    await expect(replayInto(tree, chain, replayingFrom(stage, tree, dying))).rejects.toThrow('killed');
    expect(await isBegun(tree, chain)).toBe(true);
    expect(await replayInto(tree, chain, replayingFrom(stage, tree))).toBeUndefined();
    expect(await readdir(join(tree, 'sqlite'))).toEqual(['tracker.db']);
    expect(await sha256Of(join(tree, 'sqlite/tracker.db'))).toBe(expected);
    expect(await replayInto(tree, chain, replayingFrom(stage, tree))).toBeUndefined();
  });
});

test('a chain that lacks a delta, or whose base is another one, stays as it is and gives nothing', async () => {
  await withDirectory(async (directory) => {
    const { stage, tree, chain } = await restoredTree(directory);
    const files = join(tree, 'sqlite/tracker');
    await rename(join(files, '0002.wal'), join(files, 'away'));
    expect(await replayInto(tree, chain, replayingFrom(stage, tree))).toMatch(/^could not be made: .*0002\.wal is missing$/);
    await rename(join(files, 'away'), join(files, '0002.wal'));
    const backup = join(stage, 'sqlite/tracker/base.db');
    await chmod(backup, 0o600);
    await appendFile(backup, 'x');
    const base = await open(backup, 'r+');
    await base.write(Buffer.from('x'), 0, 1, 150_000);
    await base.close();
    await copyFile(backup, join(files, 'base.db'));
    const before = await readdir(files);
    expect(await replayInto(tree, chain, replayingFrom(stage, tree))).toMatch(
      /gives has SHA-256 of its pages [0-9a-f]{64}, not [0-9a-f]{64}$/,
    );
    expect(await readdir(join(tree, 'sqlite'))).toEqual(['tracker']);
    expect(await readdir(files)).toEqual(before);
    expect(await sha256Of(join(files, 'base.db'))).toBe(await sha256Of(backup));
  });
});

test('a chain without its base or description is left as it is', async () => {
  await withDirectory(async (directory) => {
    const { tree, chain } = await restoredTree(directory);
    for (const name of ['base.db', 'chain.json']) {
      const copy = join(await mkdtemp(join(directory, 'copy-')), 'tracker');
      await cp(join(tree, 'sqlite/tracker'), copy, { recursive: true });
      await rm(join(copy, name));
      const before = await readdir(copy);
      const target = join(dirname(copy), 'tracker.db');
      const replay = replayChain({ programs, directory: copy, target, bytes: chain.facts.bytes }, createTestContext());
      await expect(replay).rejects.toThrow(new RegExp(`${name} is missing`));
      expect(await readdir(copy)).toEqual(before);
    }
  });
});

test.each([0, 3])(
  'a base with %i deltas becomes the database without being copied, unless it is not what was backed up',
  async (deltas) => {
    await withDirectory(async (directory) => {
      const { stage, tree, chain, expected } = await restoredTree(directory, { deltas });
      const base = join(tree, 'sqlite/tracker/base.db');
      const file = await open(base, 'r+');
      await file.write(Buffer.from([255]), 0, 1, 150_000);
      await file.close();
      const before = await readdir(join(tree, 'sqlite/tracker'));
      // Then it is fetched once more.
      expect(await replayInto(tree, chain, replayingFrom(stage, tree))).toMatch(
        /gives has SHA-256 of its pages [0-9a-f]{64}, not [0-9a-f]{64}$/,
      );
      expect(await readdir(join(tree, 'sqlite/tracker'))).toEqual(before);
      expect(await readdir(join(tree, 'sqlite'))).toEqual(['tracker']);
      const { ino } = await stat(base);
      expect(await replayInto(tree, chain, replayingFrom(stage, tree))).toBeUndefined();
      expect(await readdir(join(tree, 'sqlite'))).toEqual(['tracker.db']);
      expect((await stat(join(tree, 'sqlite/tracker.db'))).ino).toBe(ino);
      expect(await sha256Of(join(tree, 'sqlite/tracker.db'))).toBe(expected);
      expect(await replayInto(tree, chain, replayingFrom(stage, tree))).toBeUndefined();
    });
  },
);

test('a base that an attempt left half changed is fetched once more, however often that fails', async () => {
  await withDirectory(async (directory) => {
    const { stage, tree, chain, expected } = await restoredTree(directory);
    const dying = createTestContext();
    dying.report = () => {
      throw new Error('killed');
    };
    await expect(replayInto(tree, chain, replayingFrom(stage, tree, dying))).rejects.toThrow('killed');
    const away = {
      ...replayingFrom(stage, tree),
      fetchAgain: async (path: string) => {
        await writeFile(join(tree, path), 'a part of it');
        throw new Error('the repository is away');
      },
    };
    for (let attempt = 1; attempt <= 2; attempt++) await expect(replayInto(tree, chain, away)).rejects.toThrow('is away');
    expect(await replayInto(tree, chain, replayingFrom(stage, tree))).toBeUndefined();
    expect(await sha256Of(join(tree, 'sqlite/tracker.db'))).toBe(expected);
  });
});

test.each(['sqlite/tracker/base.db', 'sqlite/tracker', 'sqlite'])(
  'nothing outside of the tree is changed where %s leads out of it',
  async (link) => {
    await withDirectory(async (directory) => {
      const { stage, tree, chain } = await restoredTree(directory);
      const outside = join(directory, 'outside');
      await rename(join(tree, link), outside);
      await symlink(outside, join(tree, link));
      const before = await treeOf(outside);
      expect(
        await replayInto(tree, chain, { ...replayingFrom(stage, tree), fetchAgain: () => Promise.reject(new Error('asked')) }),
      ).toMatch(/is a symbolic link, or lies behind one/);
      expect(await treeOf(outside)).toEqual(before);
    });
  },
);

test('a link in the place of what is written is not followed', async () => {
  await withDirectory(async (directory) => {
    const { stage, tree, chain, expected } = await restoredTree(directory);
    const outside = join(directory, 'outside');
    await writeFile(outside, 'precious');
    const target = join(tree, 'sqlite/tracker.db');
    await symlink(outside, target);
    const beside = { programs, directory: join(tree, 'sqlite/tracker'), target, bytes: chain.facts.bytes };
    expect(await replayChain(beside, createTestContext())).toBe(chain.facts.chain?.pages_sha256);
    expect(await sha256Of(target)).toBe(expected);
    await rm(target);
    await symlink(outside, `${target}.partial`);
    expect(await replayInto(tree, chain, replayingFrom(stage, tree))).toMatch(/tracker\.db\.partial is no plain file/);
    await rm(`${target}.partial`);
    await symlink(outside, `${target}.partial.originals`);
    expect(await replayInto(tree, chain, replayingFrom(stage, tree))).toBeUndefined();
    expect(await readFile(outside, 'utf8')).toBe('precious');
  });
});

test('a chain that says it is of a larger database than the manifest is not made', async () => {
  await withDirectory(async (directory) => {
    const { stage, tree, chain } = await restoredTree(directory);
    const path = join(tree, 'sqlite/tracker/chain.json');
    const said = JSON.parse(await readFile(path, 'utf8')) as { database: { bytes: number } };
    said.database.bytes = 2 ** 53 - 1;
    await rm(path);
    await writeFile(path, JSON.stringify(said));
    expect(await replayInto(tree, chain, replayingFrom(stage, tree))).toMatch(/chain\.json is of a database of another size/);
  });
});

/** Digests of what lies there. */
async function treeOf(path: string): Promise<Record<string, string>> {
  if ((await stat(path)).isFile()) return { '': await sha256Of(path) };
  const names = (await readdir(path, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  return Object.fromEntries(
    await Promise.all(
      names.map(async ({ name, parentPath }) => [join(parentPath, name), await sha256Of(join(parentPath, name))]),
    ),
  ) as Record<string, string>;
}
