import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from '@jest/globals';
import type { KeptChain } from '../../../../../../activities/databases/sqlite/incremental/chain.ts';
import { ChainPlace, sha256Of } from '../../../../../support/chain-place.ts';
import { createTestContext, withDirectory } from '../../../../../support/phase-context.ts';
import { createTrackerDatabase, sqlite3 } from '../../../../../support/tracker-database.ts';

const CHANGE = 'UPDATE torrents SET completed = completed + 1 WHERE abs(random()) % 500 = 0;';

/** A place whose chain has a base and a delta, with the directories of its description and its files. */
async function twoDays(directory: string) {
  const place = new ChainPlace(directory);
  await createTrackerDatabase(place.path, { journalMode: 'wal', bytes: 300_000 });
  await place.dump();
  await sqlite3(place.path, CHANGE);
  await place.dump();
  const home = join(directory, 'state/chain');
  const id = (await readdir(home)).find((name) => name !== 'chain.json') ?? '';
  return { place, home, files: join(home, id), description: join(home, 'chain.json') };
}

type Scene = Awaited<ReturnType<typeof twoDays>>;

/** Changes a byte, and gives the file the time that it had. */
async function flip(path: string, position = 50_000): Promise<void> {
  const { atime, mtime, size } = await stat(path);
  const file = await open(path, 'r+');
  const at = Math.min(position, size - 1);
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
  await file.write(Buffer.from([(buffer[0] ?? 0) ^ 1]), 0, 1, at);
  await file.close();
  await utimes(path, atime, mtime);
}

async function describedBy({ description }: Scene): Promise<KeptChain> {
  return JSON.parse(await readFile(description, 'utf8')) as KeptChain;
}

const rewrite = async (scene: Scene, edit: (kept: KeptChain) => void) => {
  const kept = await describedBy(scene);
  edit(kept);
  await writeFile(scene.description, JSON.stringify(kept));
};

let scene: Scene;

test.each<[what: string, says: RegExp, damage: () => Promise<unknown>]>([
  ['a flipped byte in the base', /another base\.db/, () => flip(join(scene.files, 'base.db'))],
  ['a flipped byte in a delta', /another 0001\.wal/, () => flip(join(scene.files, '0001.wal'))],
  ['a missing delta', /lacks 0001\.wal/, () => rm(join(scene.files, '0001.wal'))],
  ['a missing base', /lacks base\.db/, () => rm(join(scene.files, 'base.db'))],
  ['a flipped byte in the table of pages', /table of its pages is damaged/, () => flip(join(scene.files, '0001.pages'), 100)],
  ['a missing table of pages', /lacks 0001\.pages/, () => rm(join(scene.files, '0001.pages'))],
  ['a description that is cut off', /chain\.json that this Holdfast did not write/, () => writeFile(scene.description, '{"cha')],
  [
    'the description of another source',
    /belongs to sqlite\/other/,
    () => rewrite(scene, (kept) => (kept.chain.source = 'sqlite/other')),
  ],
  [
    'a description of other files',
    /another base\.db/,
    () =>
      rewrite(scene, (kept) => {
        kept.chain.base.sha256 = 'f'.repeat(64);
        kept.seals = {};
      }),
  ],
  [
    'a byte that the disk lost more than a week ago, without a trace',
    /another base\.db/,
    async () => {
      await flip(join(scene.files, 'base.db'));
      const { ino, size, mtimeNs, ctimeNs } = await stat(join(scene.files, 'base.db'), { bigint: true });
      const seal = { inode: `${ino}`, bytes: `${size}`, mtime_ns: `${mtimeNs}`, ctime_ns: `${ctimeNs}` };
      await rewrite(scene, (kept) => {
        kept.seals['base.db'] = seal;
        kept.hashed_at = new Date(Date.now() - 8 * 86_400_000).toISOString();
      });
    },
  ],
])('%s is never built upon: a new base takes its place, with a warning', async (_what, says, damage) => {
  await withDirectory(async (directory) => {
    scene = await twoDays(directory);
    await damage();
    await sqlite3(scene.place.path, CHANGE);
    const context = createTestContext();
    const dump = await scene.place.dump(context);
    expect(context.warnings).toEqual([expect.stringMatching(says)]);
    expect(dump.facts).toMatchObject({ method: expect.stringMatching(/new base/), chain: { deltas: 0 } });
    expect(await readdir(scene.home)).toHaveLength(2);
    expect(await sha256Of(await scene.place.replay())).toBe(await sha256Of(scene.place.path));
  });
});

test.each([
  ['perl', /its pages have SHA-256 [0-9a-f]{64}/],
  ['python3', /its pages have SHA-256 [0-9a-f]{64}/],
  ['perl-base', /base\.db is not what was backed up: SHA-256 [0-9a-f]{64}/],
  ['sqlite3', /base\.db is not what was backed up: SHA-256 [0-9a-f]{64}/],
])('by %s the script says when it did not make what was backed up', async (language, says) => {
  await withDirectory(async (directory) => {
    const { place } = await twoDays(directory);
    expect(await sha256Of(await place.replay(language))).toBe(await sha256Of(place.path));
    // Somewhere in each page: the delta has others of some of them.
    const base = join(place.target, 'base.db');
    for (let position = 2_000; position < (await stat(base)).size; position += 4096) await flip(base, position);
    await expect(place.replay(language)).rejects.toThrow(says);
  });
});

beforeEach(() => expect.hasAssertions());

test.each([1, 2, 3])('a chain of the former version %i gives way to a new base without a warning', async (version) => {
  await withDirectory(async (directory) => {
    scene = await twoDays(directory);
    await rewrite(scene, (kept) => Object.assign(kept.chain, { version }));
    const context = createTestContext();
    const dump = await scene.place.dump(context);
    expect(context.warnings).toEqual([]);
    expect(dump.facts).toMatchObject({ method: 'incremental, new base', chain: { deltas: 0 } });
    expect(await readdir(scene.home)).toHaveLength(2);
  });
});

test('a chain that was copied to another disk as a whole is read once and gone on with', async () => {
  await withDirectory(async (directory) => {
    const { place, files } = await twoDays(directory);
    for (const name of await readdir(files)) {
      await writeFile(join(files, `${name}.copy`), await readFile(join(files, name)));
      await rename(join(files, `${name}.copy`), join(files, name));
    }
    await sqlite3(place.path, CHANGE);
    const context = createTestContext();
    expect((await place.dump(context)).facts).toMatchObject({ chain: { deltas: 2 } });
    expect(context.warnings).toEqual([]);
    expect(await sha256Of(await place.replay())).toBe(await sha256Of(place.path));
  });
});

test('what a run left that died before its delta counted is removed, and so is a stage that lost its files', async () => {
  await withDirectory(async (directory) => {
    const { place, files, home } = await twoDays(directory);
    await writeFile(join(files, '0002.wal'), 'half a delta');
    await writeFile(join(files, '0003.pages'), 'half a table');
    await mkdir(join(home, 'aaaaaaaaaaaaaaaa'));
    await writeFile(join(home, 'aaaaaaaaaaaaaaaa/base.db'), 'half a base');
    await rm(join(directory, 'stage'), { recursive: true });
    await sqlite3(place.path, CHANGE);
    const context = createTestContext();
    const dump = await place.dump(context);
    expect(context.warnings).toEqual([]);
    expect(dump.facts).toMatchObject({ chain: { deltas: 2 } });
    expect(await readdir(home)).toHaveLength(2);
    // An overlay as well where the delta happens to be large beside so small a base.
    const names = (await readdir(files)).filter((name) => name !== 'overlay.db').sort();
    expect(names).toEqual(['0000.pages', '0001.wal', '0002.pages', '0002.wal', 'base.db']);
    expect(await sha256Of(await place.replay())).toBe(await sha256Of(place.path));
  });
});

test('files of the chain that lie in the stage are those of the state directory, under a second name', async () => {
  await withDirectory(async (directory) => {
    const { place, files } = await twoDays(directory);
    for (const name of ['base.db', '0001.wal']) {
      expect((await stat(join(place.target, name))).ino).toBe((await stat(join(files, name))).ino);
    }
  });
});

test('where the stage is on another file system the files of the chain are copied once, and that is said', async () => {
  const elsewhere = await mkdtemp('/dev/shm/holdfast-test-');
  try {
    await withDirectory(async (directory) => {
      const place = new ChainPlace(directory, { stage: elsewhere });
      await createTrackerDatabase(place.path, { journalMode: 'wal', bytes: 300_000 });
      const first = createTestContext();
      await place.dump(first);
      expect(first.warnings).toEqual([expect.stringMatching(/cannot share files, so the chain lies on the disk twice/)]);
      const before = await stat(join(place.target, 'base.db'));
      await sqlite3(place.path, CHANGE);
      await place.dump();
      const after = await stat(join(place.target, 'base.db'));
      expect({ ino: after.ino, ctimeMs: after.ctimeMs }).toEqual({ ino: before.ino, ctimeMs: before.ctimeMs });
      expect(await sha256Of(await place.replay())).toBe(await sha256Of(place.path));
    });
  } finally {
    await rm(elsewhere, { recursive: true, force: true });
  }
});
