import { writeFileSync } from 'node:fs';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Dump } from '../../../../../../activities/databases/database-source.ts';
import { replayChain } from '../../../../../../activities/databases/sqlite/incremental/replay.ts';
import { replayInto } from '../../../../../../activities/restore/replay-chains.ts';
import type { SqliteFacts } from '../../../../../../activities/stage/manifest.ts';
import type { Progress } from '../../../../../../contract/progress.ts';
import { ProgramMissing } from '../../../../../../process/errors.ts';
import {
  ChainPlace,
  pagesSha256In,
  pagesSha256Of,
  replayingFrom,
  sha256Of,
  storedOf,
} from '../../../../../support/chain-place.ts';
import { createTestContext, programs, withDirectory } from '../../../../../support/phase-context.ts';
import { createTrackerDatabase, sqlite3 } from '../../../../../support/tracker-database.ts';

const SOME_OF_EACH_PAGE = 'UPDATE torrents SET completed = completed + 1 WHERE id % 50 = 0;';

/** A place with a base and one day of patches. */
async function patchedDay(directory: string): Promise<ChainPlace> {
  const place = new ChainPlace(directory);
  await createTrackerDatabase(place.path, { journalMode: 'wal', bytes: 18_000_000 });
  await place.dump();
  await sqlite3(place.path, SOME_OF_EACH_PAGE);
  expect((await place.dump()).method).toMatch(/by patches$/);
  return place;
}

async function expectReplays(place: ChainPlace, facts: SqliteFacts) {
  const [stage, tree] = [join(place.directory, 'stage'), join(place.directory, 'restored')];
  await cp(stage, tree, { recursive: true });
  // Beside the chain, as a drill does it, and in the place of its base.
  const beside = {
    programs,
    directory: join(tree, 'sqlite/tracker'),
    target: join(place.directory, 'beside.db'),
    bytes: facts.bytes,
  };
  expect(await replayChain(beside, createTestContext())).toBe(facts.chain?.pages_sha256);
  expect(await pagesSha256Of(beside.target)).toBe(facts.chain?.pages_sha256);
  expect(await replayInto(tree, { id: 'sqlite/tracker', facts }, replayingFrom(stage, tree))).toBeUndefined();
  expect(await readdir(join(tree, 'sqlite'))).toEqual(['tracker.db']);
  expect(await sha256Of(join(tree, 'sqlite/tracker.db'))).toBe(await sha256Of(place.path));
  await rm(tree, { recursive: true });
}

test('days of patches, a log between them and a shrunken database come back byte by byte: by perl, by python3 and by Holdfast', async () => {
  await withDirectory(async (directory) => {
    const place = new ChainPlace(directory, { rebaseRatio: 10 });
    await createTrackerDatabase(place.path, { journalMode: 'wal', bytes: 20_000_000 });
    await place.dump();
    const days = [
      [
        /by patches$/,
        `${SOME_OF_EACH_PAGE} INSERT INTO torrents (info_hash, completed) SELECT randomblob(20), 0 FROM torrents LIMIT 5000;`,
      ],
      [/pages$/, 'UPDATE torrents SET completed = 5 WHERE id < 100;'],
      [/by patches$/, 'PRAGMA journal_mode = DELETE; DELETE FROM torrents WHERE id % 3 = 0; VACUUM;'],
      [/by patches$/, `${SOME_OF_EACH_PAGE} INSERT INTO torrents (info_hash, completed) SELECT randomblob(20), 0 FROM torrents;`],
    ] as const;
    let dump: Dump | undefined;
    for (const [method, work] of days) {
      await sqlite3(place.path, work);
      const context = createTestContext();
      dump = await place.dump(context);
      expect(context.warnings).toEqual([]);
      expect(dump.method).toMatch(method);
    }
    const expected = await sha256Of(place.path);
    for (const language of ['perl', 'python3', 'perl-base']) expect(await sha256Of(await place.replay(language))).toBe(expected);
    await expectReplays(place, dump?.facts as SqliteFacts);
  });
}, 180_000);

test('a page that is not what it was when it was hashed goes into no delta', async () => {
  await withDirectory(async (directory) => {
    const place = await patchedDay(directory);
    await sqlite3(place.path, 'PRAGMA journal_mode = DELETE; DELETE FROM torrents WHERE id % 3 = 0; VACUUM;');
    const content = await readFile(place.path);
    const context = createTestContext();
    // All was read once; pages that SQLite rebuilt are read again.
    const report = ({ phase, bytesDone }: Progress) => {
      if (phase === 'compare' && bytesDone === content.length)
        writeFileSync(
          place.path,
          content.map((byte) => byte ^ 1),
        );
    };
    await expect(place.dump({ ...context, report })).rejects.toThrow(/page \d+ is not what it was/);
    await writeFile(place.path, content);
    const dump = await place.dump();
    expect(dump.method).toMatch(/by patches$/);
    await expectReplays(place, dump.facts as SqliteFacts);
  });
}, 60_000);

test('pages that SQLite evened out are stored as what moved, also once the base no longer has them at their place', async () => {
  await withDirectory(async (directory) => {
    const place = new ChainPlace(directory);
    await createTrackerDatabase(place.path, { journalMode: 'wal', bytes: 24_000_000 });
    await place.dump();
    let dump: Dump | undefined;
    for (let day = 1; day <= 4; day++) {
      await sqlite3(
        place.path,
        'INSERT INTO torrents (info_hash, completed) SELECT randomblob(20), 0 FROM torrents WHERE id % 90 = 0;',
      );
      dump = await place.dump();
      expect(dump.method).toMatch(/by patches$/);
      const changed = Number(/incremental, (\d+) of/.exec(dump.method)?.[1]) * 4096;
      expect(storedOf(dump)).toBeLessThan(changed / 15);
    }
    for (const language of ['perl', 'python3']) {
      expect(await sha256Of(await place.replay(language))).toBe(await sha256Of(place.path));
    }
    await expectReplays(place, dump?.facts as SqliteFacts);
  });
}, 180_000);

test('days that change the same pages again and again become one delta, also when that run has to be repeated', async () => {
  await withDirectory(async (directory) => {
    const place = new ChainPlace(directory, { rebaseRatio: 10 });
    await createTrackerDatabase(place.path, { journalMode: 'wal', bytes: 20_000_000 });
    await place.dump();
    const work = async () => {
      await sqlite3(
        place.path,
        `${SOME_OF_EACH_PAGE} INSERT INTO torrents (info_hash, completed) SELECT randomblob(20), 0 FROM torrents LIMIT 6000;`,
      );
      const context = createTestContext();
      const dump = await place.dump(context);
      expect(context.warnings).toEqual([]);
      expect(pagesSha256In(dump)).toBe(await pagesSha256Of(place.path));
      return dump;
    };
    const deltasOf = ({ facts }: Dump) => (facts as SqliteFacts).chain?.deltas;
    let dump = await work();
    let sum = storedOf(dump);
    for (let day = 2; day <= 4; day++) {
      dump = await work();
      sum += storedOf(dump);
      expect(deltasOf(dump)).toBe(day);
    }
    await sqlite3(place.path, SOME_OF_EACH_PAGE);
    const failing = createTestContext();
    failing.report = ({ phase }) => {
      if (phase === 'verify') throw new Error('killed');
    };
    await expect(place.dump(failing)).rejects.toThrow('killed');
    dump = await work();
    expect(dump.method).toMatch(/by patches, in place of 4 deltas$/);
    const parts = dump.entries?.map(({ path }) => path.split('/').at(-1)).sort();
    expect(parts).toEqual(['0005.patch.zst', 'base.db', 'chain.json', 'replay.sh']);
    expect(dump.entries?.find(({ path }) => path.endsWith('0005.patch.zst'))?.bytes).toBeLessThan(sum * 1.5);
    for (const language of ['perl', 'python3'])
      expect(await pagesSha256Of(await place.replay(language))).toBe(pagesSha256In(dump));
    await expectReplays(place, dump.facts as SqliteFacts);
    // The day after builds upon it, and reads what it made.
    for (let day = 1; day <= 2; day++) {
      dump = await work();
      expect(deltasOf(dump)).toBe(1 + day);
      expect(dump.entries?.find(({ path }) => path.endsWith(`000${5 + day}.patch.zst`))?.bytes).toBeLessThan(sum / 3);
      await expectReplays(place, dump.facts as SqliteFacts);
    }
  });
}, 240_000);

test('a run that fails once its pages are compared leaves the next one as small a delta', async () => {
  await withDirectory(async (directory) => {
    const place = await patchedDay(directory);
    await sqlite3(place.path, SOME_OF_EACH_PAGE);
    const failing = createTestContext();
    failing.report = ({ phase }) => {
      if (phase === 'verify') throw new Error('killed');
    };
    await expect(place.dump(failing)).rejects.toThrow('killed');
    await sqlite3(place.path, SOME_OF_EACH_PAGE);
    const dump = await place.dump();
    expect(dump.facts).toMatchObject({ chain: { deltas: 2 } });
    expect(storedOf(dump)).toBeLessThan(300_000);
    await expectReplays(place, dump.facts as SqliteFacts);
  });
}, 180_000);

test('without zstd a day is a log of any size, that sqlite3 alone replays', async () => {
  await withDirectory(async (directory) => {
    const find: typeof programs.find = (program) =>
      program === 'zstd' ? Promise.reject(new ProgramMissing(program)) : programs.find(program);
    const place = new ChainPlace(directory, { programs: { ...programs, find } });
    await createTrackerDatabase(place.path, { journalMode: 'wal', bytes: 18_000_000 });
    await place.dump();
    await sqlite3(place.path, SOME_OF_EACH_PAGE);
    const dump = await place.dump();
    expect(dump.method).toMatch(/pages$/);
    expect(storedOf(dump)).toBeGreaterThan(8_388_608);
    expect(await sha256Of(await place.replay('sqlite3'))).toBe(await sha256Of(place.path));
  });
}, 180_000);

test('the script says which tool it misses before it makes anything', async () => {
  await withDirectory(async (directory) => {
    const place = await patchedDay(directory);
    await expect(place.replay('true')).rejects.toThrow('perl or python3 is needed and not here: install it');
  });
});

test('a replay of patches that was killed begins anew', async () => {
  await withDirectory(async (directory) => {
    const place = await patchedDay(directory);
    await sqlite3(place.path, SOME_OF_EACH_PAGE);
    const chain = { id: 'sqlite/tracker', facts: (await place.dump()).facts as SqliteFacts };
    const [stage, tree] = [join(directory, 'stage'), join(directory, 'restored')];
    await cp(stage, tree, { recursive: true });
    const dying = createTestContext();
    dying.report = ({ bytesDone = 0 }) => {
      if (bytesDone > 5_000_000) throw new Error('killed');
    };
    await expect(replayInto(tree, chain, replayingFrom(stage, tree, dying))).rejects.toThrow('killed');
    expect(await replayInto(tree, chain, replayingFrom(stage, tree))).toBeUndefined();
    expect(await readdir(join(tree, 'sqlite'))).toEqual(['tracker.db']);
    expect(await pagesSha256Of(join(tree, 'sqlite/tracker.db'))).toBe(chain.facts.chain?.pages_sha256);
  });
}, 180_000);
