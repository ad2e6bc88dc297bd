import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { examineMethods } from '../../activities/changes/advise-method.ts';
import { loadChanges } from '../../activities/changes/change-notes.ts';
import { loadConfiguration } from '../../config/index.ts';
import type { Plan } from '../../config/types.ts';
import type { DatabaseServer } from '../support/database-server.ts';
import { Holdfast, renderConfiguration } from '../support/holdfast.ts';
import { startMariadb } from '../support/mariadb-server.ts';
import { createTrackerDatabase, sqlite3 } from '../support/tracker-database.ts';

/** What is worth a word of databases as small as these. */
const THRESHOLDS = { databaseBytes: 1_000_000, savedBytesPerWeek: 1, ratio: 3 };

let server: DatabaseServer;
let holdfast: Holdfast;

const render = (directory: string) => `${renderConfiguration(directory, {
  sources: `sqlite:\n  main: { path: ${directory}/data/tracker.db }`,
})}
  shop:
    repository: main
    sources: { mysql: { shop: { socket: ${server.socket}, user: root, database: shop } } }
  wild:
    repository: main
    sources: { sqlite: { wild: { path: ${directory}/data/wild.db, method: incremental } } }
`;

beforeAll(async () => {
  server = await startMariadb();
  await server.sql(
    `CREATE DATABASE shop CHARACTER SET utf8mb4; USE shop;
     CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, code VARCHAR(40) NOT NULL, state INT NOT NULL DEFAULT 0);
     INSERT INTO orders (code) SELECT SHA1(seq) FROM seq_1_to_200000;`,
  );
  holdfast = await Holdfast.create(render);
  await createTrackerDatabase(database('tracker'), { journalMode: 'wal', bytes: 20_000_000 });
  // Its changes stay below what is packed.
  await createTrackerDatabase(database('wild'), { journalMode: 'wal', bytes: 6_000_000 });
  await holdfast.up();
  await holdfast.restic('init');
}, 120_000);

afterAll(async () => {
  await holdfast.stop();
  await server.stop();
});

function database(name: string): string {
  return join(holdfast.directory, 'data', `${name}.db`);
}

async function planNamed(name: string): Promise<Plan> {
  const file = join(holdfast.directory, 'holdfast.yaml');
  const plan = (await loadConfiguration({ file, environment: {} })).plans.get(name);
  if (plan === undefined) throw new Error(`there is no plan ${name}`);
  return plan;
}

/** Runs a plan so often, each time but the first after a change. */
async function backUp(plan: string, times: number, change: () => Promise<unknown>): Promise<void> {
  for (let time = 0; time < times; time++) {
    if (time > 0) await change();
    expect(await holdfast.backup(plan)).toMatchObject({ exitCode: 0 });
  }
}

test('a SQLite database of which few pages change, and which restic stores nearly whole, should be incremental', async () => {
  // 170 rows, each on a page of its own.
  await backUp('tracker', 4, async () =>
    sqlite3(database('tracker'), 'UPDATE torrents SET completed = completed + 1 WHERE id % 2003 = 0'),
  );
  const plan = await planNamed('tracker');
  const changes = await loadChanges(plan, { kind: 'sqlite', name: 'main' });
  expect(changes).toHaveLength(3);
  for (const { changedBytes } of changes) {
    expect(changedBytes).toBeGreaterThan(100 * 4096);
    expect(changedBytes).toBeLessThan(250 * 4096);
  }
  expect(await examineMethods(plan, THRESHOLDS)).toEqual([
    {
      level: 'warning',
      subject: 'plans.tracker.sources.sqlite.main',
      message: expect.stringMatching(
        /^the last 3 runs stored \d+(\.\d)? MiB each; about [2-4]\.\d % of its pages had changed \(0\.\d MiB\)$/,
      ),
      advice: expect.stringContaining('Set method: incremental'),
    },
  ]);
  // What counts outside of tests.
  expect(await examineMethods(plan)).toEqual([]);
}, 180_000);

test('so should a MariaDB database of which few rows change', async () => {
  await backUp('shop', 4, async () => server.sql('UPDATE orders SET state = state + 1 WHERE id % 97 = 0', 'shop'));
  expect(await examineMethods(await planNamed('shop'), THRESHOLDS)).toEqual([
    {
      level: 'warning',
      subject: 'plans.shop.sources.mysql.shop',
      message: expect.stringMatching(/^the last 3 runs stored \d+(\.\d)? MiB each; about [0-3]\.\d % of its rows had changed/),
      advice: expect.stringContaining('Set method: incremental'),
    },
  ]);
}, 180_000);

test('an incremental one that changes everywhere in each run should not be', async () => {
  await backUp('wild', 5, async () => sqlite3(database('wild'), 'UPDATE torrents SET completed = completed + 1'));
  expect(await examineMethods(await planNamed('wild'), THRESHOLDS)).toEqual([
    {
      level: 'warning',
      subject: 'plans.wild.sources.sqlite.wild',
      message: expect.stringMatching(/^the changes of its last 3 runs took \d\.\d MiB each beside a base of \d\.\d MiB/),
      advice: expect.stringContaining('Set method: auto'),
    },
  ]);
}, 180_000);
