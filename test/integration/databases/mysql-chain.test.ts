import { readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type KeptChain, patchBytes } from '../../../activities/databases/mysql/incremental/chain.ts';
import { replayChain } from '../../../activities/databases/mysql/incremental/replay.ts';
import { sha256Of } from '../../support/chain-place.ts';
import type { DatabaseServer } from '../../support/database-server.ts';
import { startMariadb } from '../../support/mariadb-server.ts';
import { MysqlChainPlace } from '../../support/mysql-chain.ts';
import { PASSWORD, quote, SECRETS } from '../../support/mysql-subject.ts';
import { createTestContext, programs, withDirectory } from '../../support/phase-context.ts';

let server: DatabaseServer;

beforeAll(async () => {
  server = await startMariadb();
  await server.sql(
    `CREATE USER 'backup'@'127.0.0.1' IDENTIFIED BY ${quote(PASSWORD)};
     GRANT ALL ON *.* TO 'backup'@'127.0.0.1';
     CREATE DATABASE tracker CHARACTER SET utf8mb4; USE tracker;
     CREATE TABLE torrents (id INT PRIMARY KEY AUTO_INCREMENT, info_hash VARCHAR(40) NOT NULL UNIQUE, completed INT NOT NULL DEFAULT 0);
     CREATE TABLE peers (id INT PRIMARY KEY AUTO_INCREMENT, body VARCHAR(200));
     INSERT INTO torrents (info_hash) SELECT SHA1(seq) FROM seq_1_to_40000;
     INSERT INTO peers (body) SELECT CONCAT('),(', REPEAT(MD5(seq), 1 + seq % 4)) FROM seq_1_to_10000;`,
  );
}, 60_000);

afterAll(() => server.stop());

/** A day of a tracker: 0.2 % of rows change anywhere, 0.5 % are new, some go. */
function passDay() {
  return server.sql(
    `UPDATE torrents SET completed = completed + 1 WHERE RAND() < 0.002;
     DELETE FROM torrents WHERE RAND() < 0.0005;
     INSERT INTO torrents (info_hash) SELECT SHA1(UUID()) FROM seq_1_to_200;`,
    'tracker',
  );
}

async function expectIdentical(place: MysqlChainPlace) {
  const context = createTestContext(SECRETS);
  const dump = await place.dump(context);
  expect(context.warnings).toEqual([]);
  const replayed = await place.replay();
  expect(await sha256Of(replayed)).toBe(dump.facts.sha256);
  expect((await stat(replayed)).size).toBe(dump.bytes);
  expect((await readFile(replayed, 'utf8')).trimEnd()).toMatch(/-- Dump completed$/);
  return dump;
}

async function keptChain({ directory }: MysqlChainPlace): Promise<KeptChain> {
  return JSON.parse(await readFile(join(directory, 'state/chain/chain.json'), 'utf8')) as KeptChain;
}

async function filesOf(place: MysqlChainPlace): Promise<string> {
  return join(place.directory, 'state/chain', (await keptChain(place)).chain.id);
}

test('ten days of a tracker, with tables altered in between, come back byte by byte and store what has changed', async () => {
  await withDirectory(async (directory) => {
    const place = new MysqlChainPlace(server.source(), directory);
    const first = await expectIdentical(place);
    expect(first.method).toMatch(/, incremental, new base$/);
    for (let day = 1; day <= 10; day++) {
      await passDay();
      if (day === 4)
        await server.sql('ALTER TABLE peers ADD COLUMN port INT; CREATE TABLE extra (id INT PRIMARY KEY)', 'tracker');
      if (day === 6) await server.sql('DROP TABLE extra', 'tracker');
      expect((await expectIdentical(place)).facts.chain).toEqual({ deltas: day });
    }
    const { chain } = await keptChain(place);
    expect(patchBytes(chain)).toBeLessThan(first.bytes / 4);
    const unchanged = await expectIdentical(place);
    expect(unchanged.method).toMatch(/, incremental, unchanged$/);
    expect((await keptChain(place)).chain).toEqual(chain);
    expect((await stat(join(directory, 'state/chain'))).mode & 0o777).toBe(0o700);

    const target = join(directory, 'by-holdfast.sql');
    const made = await replayChain({ programs, directory: place.target, target }, createTestContext());
    expect(made.sha256).toBe(unchanged.facts.sha256);
    expect(await sha256Of(target)).toBe(made.sha256);
  });
}, 120_000);

test('a dump in several parts is cut at the same rows from day to day, and comes back byte by byte', async () => {
  await withDirectory(async (directory) => {
    const place = new MysqlChainPlace(server.source(), directory, { maxPartBytes: 700_000 });
    const first = await expectIdentical(place);
    const { chain } = await keptChain(place);
    expect(chain.base.length).toBeGreaterThan(3);
    expect(Math.max(...chain.base.map(({ bytes }) => bytes))).toBeLessThanOrEqual(700_000);
    // Rows that come in at the very beginning move everything behind them.
    await server.sql("INSERT INTO peers (id, body) SELECT -seq, 'early' FROM seq_1_to_50", 'tracker');
    await expectIdentical(place);
    expect(patchBytes((await keptChain(place)).chain)).toBeLessThan(5_000);
    await passDay();
    await expectIdentical(place);
    expect(patchBytes((await keptChain(place)).chain)).toBeLessThan(first.bytes / 20);
  });
}, 60_000);

test('patches beyond rebase_at are replaced by a new base', async () => {
  await withDirectory(async (directory) => {
    const place = new MysqlChainPlace(server.source(), directory, { rebaseRatio: 0.001 });
    await place.dump();
    await passDay();
    const dump = await expectIdentical(place);
    expect(dump.method).toMatch(/new base, because so much has changed/);
    expect(dump.facts.chain).toEqual({ deltas: 0 });
  });
}, 60_000);

async function flip(path: string): Promise<void> {
  const content = await readFile(path);
  const middle = content.length >> 1;
  content[middle] = (content[middle] ?? 0) ^ 1;
  await writeFile(path, content);
}

const DAMAGES: [string, (files: string) => Promise<void>][] = [
  ['a bit of the base', (files) => flip(join(files, 'base.sql'))],
  ['a bit of a patch', (files) => flip(join(files, '0001.sql.zst'))],
  ['a bit of the text before', (files) => flip(join(files, 'current.0001.sql'))],
  ['the end of the text before', (files) => truncate(join(files, 'current.0001.sql'), 1000)],
  ['the text before is lost', (files) => rm(join(files, 'current.0001.sql'))],
  ['a patch is lost', (files) => rm(join(files, '0001.sql.zst'))],
  ['the description is cut off', (files) => truncate(join(files, '../chain.json'), 50)],
];

test.each(DAMAGES)(
  'a chain that is damaged (%s) is replaced by a new base, with a warning',
  async (_title, damage) => {
    await withDirectory(async (directory) => {
      const place = new MysqlChainPlace(server.source(), directory);
      await place.dump();
      await passDay();
      await place.dump();
      const before = (await keptChain(place)).chain.id;
      await damage(await filesOf(place));
      const context = createTestContext(SECRETS);
      const dump = await place.dump(context);
      expect(context.warnings).toEqual([expect.stringMatching(/the chain in .* so a new base takes its place/)]);
      expect(dump.facts.chain).toEqual({ deltas: 0 });
      expect((await keptChain(place)).chain.id).not.toBe(before);
      expect(await sha256Of(await place.replay())).toBe(dump.facts.sha256);
    });
  },
  60_000,
);

test('a chain of another server begins anew', async () => {
  await withDirectory(async (directory) => {
    const place = new MysqlChainPlace(server.source(), directory);
    await place.dump();
    const path = join(directory, 'state/chain/chain.json');
    await writeFile(path, (await readFile(path, 'utf8')).replace(/"server":"mariadb [^"]*"/, '"server":"mysql 8.4"'));
    expect((await place.dump()).method).toMatch(/new base, because the chain is of mysql 8\.4/);
  });
}, 60_000);

test('a dump that is cancelled in any phase leaves the chain before it or the new one, and the next goes on with it', async () => {
  await withDirectory(async (directory) => {
    const place = new MysqlChainPlace(server.source(), directory);
    await place.dump();
    for (const phase of ['connect', 'dump', 'compare', 'verify']) {
      await passDay();
      const before = (await keptChain(place)).chain;
      const context = createTestContext(SECRETS);
      const dump = place.dump({
        ...context,
        report: (progress) => {
          if (progress.phase === phase) context.controller.abort(new Error('cancelled'));
        },
      });
      await expect(dump).rejects.toThrow('cancelled');
      expect((await keptChain(place)).chain).toEqual(before);
      expect(await readdir(join(directory, 'state/chain'))).toEqual([before.id, 'chain.json'].sort());
      expect((await expectIdentical(place)).facts.chain).toEqual({ deltas: before.deltas.length + 1 });
    }
  });
}, 120_000);
