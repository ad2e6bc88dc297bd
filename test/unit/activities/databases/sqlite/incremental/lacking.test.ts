import { cp, open, readdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { replayChain } from '../../../../../../activities/databases/sqlite/incremental/replay.ts';
import { toPhaseError } from '../../../../../../activities/failures.ts';
import { exists } from '../../../../../../activities/presence.ts';
import { replayInto } from '../../../../../../activities/restore/replay-chains.ts';
import type { SqliteFacts } from '../../../../../../activities/stage/manifest.ts';
import { ProgramMissing } from '../../../../../../process/errors.ts';
import { ChainPlace, pagesSha256Of, replayingFrom, sha256Of, storedOf } from '../../../../../support/chain-place.ts';
import { createTestContext, programs, withDirectory } from '../../../../../support/phase-context.ts';
import { createTrackerDatabase, sqlite3 } from '../../../../../support/tracker-database.ts';

const SOME_OF_EACH_PAGE = 'UPDATE torrents SET completed = completed + 1 WHERE id % 50 = 0;';
/** In nearly each page, which no packing makes less of: more than a run reads again of each delta. */
const MUCH = 'UPDATE torrents SET info_hash = randomblob(20) WHERE id % 2 = 0;';
const GROW = 'INSERT INTO torrents (info_hash, completed) SELECT randomblob(20), 0 FROM torrents LIMIT 100000;';

/** A database whose worker has zstd on some days. */
class Days {
  readonly place: ChainPlace;
  #hasZstd = true;

  constructor(directory: string) {
    const find: typeof programs.find = (program) =>
      program === 'zstd' && !this.#hasZstd ? Promise.reject(new ProgramMissing(program)) : programs.find(program);
    this.place = new ChainPlace(directory, { programs: { ...programs, find }, rebaseRatio: 10 });
  }

  async dump(work: string, { hasZstd = true } = {}) {
    this.#hasZstd = hasZstd;
    await sqlite3(this.place.path, work);
    const context = createTestContext();
    const dump = await this.place.dump(context);
    expect(context.warnings).toEqual([]);
    return { method: dump.method, facts: dump.facts as SqliteFacts, bytes: storedOf(dump) };
  }

  async begin(bytes: number): Promise<void> {
    await createTrackerDatabase(this.place.path, { journalMode: 'wal', bytes });
    await this.place.dump();
  }

  /** So many small days that the next run makes an overlay, and that run. */
  async untilOverlaid(): Promise<void> {
    await this.begin(18_000_000);
    for (let day = 1; day <= 9; day++) await this.dump('UPDATE torrents SET completed = completed + 1 WHERE id = 5;');
    expect(await exists(await this.overlay())).toBe(false);
    await this.dump(SOME_OF_EACH_PAGE);
  }

  async overlay(): Promise<string> {
    const home = join(this.place.directory, 'state/chain');
    const [id = ''] = (await readdir(home)).filter((name) => name !== 'chain.json');
    return join(home, id, 'overlay.db');
  }

  /** Beside the chain, as a drill does it, in the place of its base, and by the script. */
  async expectReplays(facts: SqliteFacts) {
    const { directory, path } = this.place;
    const [stage, tree] = [join(directory, 'stage'), join(directory, 'restored')];
    await cp(stage, tree, { recursive: true });
    const expected = await sha256Of(path);
    const beside = { programs, directory: join(tree, 'sqlite/tracker'), target: join(directory, 'beside.db') };
    const made = await replayChain({ ...beside, bytes: facts.bytes }, createTestContext());
    expect(made).toBe(await pagesSha256Of(path));
    expect(facts.chain?.pages_sha256).toBe(made);
    expect(await replayInto(tree, { id: 'sqlite/tracker', facts }, replayingFrom(stage, tree))).toBeUndefined();
    expect(await sha256Of(join(tree, 'sqlite/tracker.db'))).toBe(expected);
    expect(await sha256Of(await this.place.replay())).toBe(expected);
    await rm(tree, { recursive: true });
  }
}

test('pages that the database no longer has, by deltas that the overlay lacks, are no longer its pages', async () => {
  await withDirectory(async (directory) => {
    const days = new Days(directory);
    await days.begin(10_000_000);
    await days.dump(SOME_OF_EACH_PAGE);
    await days.dump(GROW, { hasZstd: false });
    await days.dump('DELETE FROM torrents WHERE id > 60000; VACUUM;', { hasZstd: false });
    for (const work of [GROW, SOME_OF_EACH_PAGE]) {
      const { method, facts } = await days.dump(work);
      expect(method).toMatch(/^incremental, \d+ of \d+ pages/);
      await days.expectReplays(facts);
    }
  });
}, 180_000);

test('deltas that have more of the same pages than is held in memory come back byte by byte, and are built upon', async () => {
  await withDirectory(async (directory) => {
    const days = new Days(directory);
    await days.begin(40_000_000);
    // The rows of more than two blocks, one day after the other.
    for (let day = 1; day <= 4; day++) {
      await days.dump('UPDATE torrents SET completed = completed + 1 WHERE id < 400000;', { hasZstd: false });
    }
    for (let day = 5; day <= 6; day++) {
      const { method, facts } = await days.dump(SOME_OF_EACH_PAGE);
      expect(method).toMatch(/by patches$/);
      expect(facts.chain?.deltas).toBe(day);
      await days.expectReplays(facts);
    }
  });
}, 180_000);

test('a disk that is full under the overlay is told as that, and the next run goes on', async () => {
  await withDirectory(async (directory) => {
    const days = new Days(directory);
    await days.untilOverlaid();
    const overlay = await days.overlay();
    await rm(overlay);
    await symlink('/dev/full', overlay);
    const failure = await days.dump(SOME_OF_EACH_PAGE).then(() => undefined, toPhaseError);
    expect(failure).toMatchObject({ type: 'DiskFull' });
    await rm(overlay);
    const { method, facts } = await days.dump(SOME_OF_EACH_PAGE);
    expect(method).toMatch(/by patches$/);
    await days.expectReplays(facts);
  });
}, 180_000);

test('a row that changed takes some bytes, whatever became of the overlay meanwhile', async () => {
  await withDirectory(async (directory) => {
    const days = new Days(directory);
    await days.untilOverlaid();
    const expectSmall = async () => {
      const { facts, bytes } = await days.dump(SOME_OF_EACH_PAGE);
      expect(bytes).toBeLessThan(300_000);
      return facts;
    };
    await expectSmall();
    const overlay = await open(await days.overlay(), 'r+');
    expect((await overlay.read(Buffer.alloc(1), 0, 1, 4096 * 100)).buffer[0]).not.toBe(0);
    await overlay.write(Buffer.alloc(4096, 7), 0, 4096, 4096 * 100);
    await overlay.close();
    await expectSmall();
    await rm(await days.overlay());
    // Without the pages as they were, they are made of those of the base.
    await expectSmall();
    await days.expectReplays(await expectSmall());
  });
}, 240_000);

test('an overlay is made once the deltas are much to read, and then brought up by each run', async () => {
  await withDirectory(async (directory) => {
    const days = new Days(directory);
    await days.begin(18_000_000);
    // Rows that come in between, so that pages are made of others.
    const between =
      'DELETE FROM torrents WHERE id % 500 = 3; INSERT INTO torrents (id, info_hash, completed) SELECT id + 1, randomblob(20), 0 FROM torrents WHERE id % 500 = 2;';
    const sizes: number[] = [];
    for (const work of [SOME_OF_EACH_PAGE, between, SOME_OF_EACH_PAGE]) {
      const { facts, bytes } = await days.dump(work);
      sizes.push(bytes);
      expect(await exists(await days.overlay())).toBe(false);
      await days.expectReplays(facts);
    }
    await days.dump(MUCH);
    expect(await exists(await days.overlay())).toBe(false);
    for (let day = 1; day <= 2; day++) {
      const { facts, bytes } = await days.dump(SOME_OF_EACH_PAGE);
      sizes.push(bytes);
      expect(await exists(await days.overlay())).toBe(true);
      await days.expectReplays(facts);
    }
    // All of them knew what the pages were before.
    expect(Math.max(...sizes)).toBeLessThan(600_000);
  });
}, 240_000);
