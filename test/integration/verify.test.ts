import { chmod, mkdir, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { DrillDocument } from '../../contract/drill-document.ts';
import type { DatabaseServer } from '../support/database-server.ts';
import { Holdfast, renderConfiguration } from '../support/holdfast.ts';
import { startMariadb } from '../support/mariadb-server.ts';
import { createTrackerDatabase, sqlite3 } from '../support/tracker-database.ts';

const SOURCES = (directory: string, port: number) => `
files:
  config: { base: ${directory}/data, paths: [etc] }
sqlite:
  tracker: { path: ${directory}/data/tracker.db }
mysql:
  shop: { host: 127.0.0.1, port: ${port}, user: backup, password: { env: DB_PASSWORD }, database: shop }
`;
const EXTRA = (directory: string) => `
archive: { directory: ${directory}/archives }
verification:
  schedule: { cron: "0 6 1 * *" }
  required_files: [files/config/etc/tracker.toml, sqlite/tracker.db]
  queries:
    - { sqlite: tracker, sql: "SELECT count(*) FROM torrents", at_least: 1000 }
    - { mysql: shop, sql: "SELECT name FROM items WHERE id = 1", equals: "It's one" }
    - { mysql: shop, sql: "SELECT max(name) FROM items", not_empty: true }
`;

/** Two more plans in the same worker: one whose database is broken, and one that expects what is not so. */
const OTHERS = (directory: string) => `  broken:
    repository: main
    sources: { sqlite: { index: { path: ${directory}/data/broken.db } } }
  expecting:
    repository: main
    sources: { files: { config: { base: ${directory}/data, paths: [etc] } }, sqlite: { tracker: { path: ${directory}/data/tracker.db, method: sql } } }
    verification:
      schedule: { cron: "0 6 1 * *" }
      required_files: [files/config/etc/absent.toml]
      queries:
        - { sqlite: tracker, sql: "SELECT count(*) FROM torrents", at_most: 3 }
        - { sqlite: tracker, sql: "SELECT absent FROM nowhere", at_least: 1 }
`;

let holdfast: Holdfast;
let server: DatabaseServer;
let good: string;

beforeAll(async () => {
  server = await startMariadb();
  await server.sql(
    `SET NAMES utf8mb4;
     CREATE DATABASE shop CHARACTER SET utf8mb4;
     CREATE USER 'backup'@'127.0.0.1' IDENTIFIED BY 'a secret of the shop'; GRANT ALL ON *.* TO 'backup'@'127.0.0.1';
     USE shop;
     CREATE TABLE items (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50), picture BLOB);
     INSERT INTO items (name, picture) VALUES ('It''s one', X'00FF'), ('zwölf 🜁', NULL), ('three', X'');
     CREATE TABLE orders (id INT PRIMARY KEY, item INT, FOREIGN KEY (item) REFERENCES items (id));
     INSERT INTO orders VALUES (1, 1), (2, 3);
     CREATE VIEW open_orders AS SELECT * FROM orders;
     CREATE TRIGGER before_order BEFORE INSERT ON orders FOR EACH ROW SET NEW.item = IFNULL(NEW.item, 1);
     CREATE PROCEDURE tidy() DELETE FROM orders WHERE id < 0;
     CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO CALL tidy();`,
  );
  holdfast = await Holdfast.create(
    (directory) =>
      `${renderConfiguration(directory, { sources: SOURCES(directory, server.port), extra: EXTRA(directory) })}${OTHERS(directory)}`,
    { environment: { DB_PASSWORD: 'a secret of the shop' } },
  );
  const data = join(holdfast.directory, 'data');
  await mkdir(join(data, 'etc'), { recursive: true });
  await writeFile(join(data, 'etc/tracker.toml'), '[metadata]\n');
  await writeFile(join(data, 'etc/secret.env'), 'SECRET=1\n');
  await chmod(join(data, 'etc/secret.env'), 0o640);
  await createTrackerDatabase(join(data, 'tracker.db'), { journalMode: 'wal', bytes: 2_000_000 });
  await holdfast.up();
  expect(await holdfast.cli('init')).toMatchObject({ exitCode: 0 });
  const { run } = await holdfast.backup('tracker');
  expect(run.failure).toBeUndefined();
  good = run.snapshot_id ?? '';
}, 180_000);

afterAll(async () => {
  await holdfast.stop();
  await server.stop();
}, 60_000);

async function verify(plan: string, ...flags: string[]): Promise<{ exitCode: number; drill: DrillDocument }> {
  const result = await holdfast.cli('verify', plan, '--json', ...flags);
  try {
    return { exitCode: result.exitCode, drill: JSON.parse(result.stdout) as DrillDocument };
  } catch (error) {
    throw new Error(`verify ${plan} printed no JSON: ${result.stdout}\n${result.stderr}`, { cause: error });
  }
}

/** Names of the checks that did not pass, with what they say. */
function complaints({ checks }: DrillDocument): Record<string, string> {
  return Object.fromEntries(
    checks.filter(({ status }) => status !== 'pass').map(({ name, status, message = '' }) => [name, `${status}: ${message}`]),
  );
}

async function expectNoScratch(): Promise<void> {
  expect(await readdir(join(holdfast.directory, 'state/drill'))).toEqual([]);
  expect(await scratchServers()).toEqual([]);
}

/** Process ids of servers on a scratch directory of this test that were started with this argument. */
async function scratchServers(argument = '--datadir'): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      const isScratch = commandLine.includes(`--datadir=${holdfast.directory}/state/drill/`);
      return isScratch && commandLine.includes(argument) ? [pid] : [];
    }),
  );
  return found.flat();
}

/** Restores the good snapshot, damages it, and backs it up again as Holdfast would have. */
async function craft(damage: (tree: string) => Promise<void>): Promise<string> {
  const tree = join(holdfast.directory, 'crafted');
  await holdfast.restic('restore', good, '--target', tree);
  await damage(tree);
  const env = {
    RESTIC_PASSWORD: holdfast.environment['RESTIC_SECRET'] ?? '',
    RESTIC_CACHE_DIR: join(holdfast.directory, 'cache'),
  };
  const args = [
    '-r',
    join(holdfast.directory, 'repository'),
    'backup',
    '--json',
    '--host',
    'test-host',
    '--tag',
    'plan:tracker',
    '.',
  ];
  const output = await holdfast.tool('restic', args, { env, cwd: tree });
  await rm(tree, { recursive: true });
  return (JSON.parse(output.trim().split('\n').at(-1) ?? '') as { snapshot_id: string }).snapshot_id;
}

test('a drill of a good backup passes, says how long the restore took, and leaves evidence that is what it prints', async () => {
  const { exitCode, drill } = await verify('tracker');
  expect(complaints(drill)).toEqual({});
  expect({ exitCode, outcome: drill.outcome, snapshot: drill.snapshot_id }).toEqual({
    exitCode: 0,
    outcome: 'pass',
    snapshot: good,
  });
  expect(drill.checks.map(({ name }) => name)).toEqual([
    'restore',
    'files',
    'required file files/config/etc/tracker.toml',
    'required file sqlite/tracker.db',
    'sqlite/tracker integrity_check',
    'sqlite/tracker foreign_key_check',
    'sqlite/tracker rows',
    'sqlite/tracker user_version',
    'sqlite/tracker application_id',
    'sqlite/tracker query: SELECT count(*) FROM torrents',
    'mysql/shop completion line',
    'mysql/shop load',
    'mysql/shop rows',
    'mysql/shop views',
    'mysql/shop triggers',
    'mysql/shop routines',
    'mysql/shop events',
    'mysql/shop query: SELECT name FROM items WHERE id = 1',
    'mysql/shop query: SELECT max(name) FROM items',
    expect.stringMatching(/^archive tracker-/),
  ]);
  expect(drill.restore_ms).toBeGreaterThan(0);
  expect(drill.snapshot_age_ms).toBeGreaterThan(0);
  await holdfast.recordHistory(drill.workflow_id, 'verify-succeeded');

  const evidence = drill.evidence_path ?? '';
  expect(JSON.parse(await readFile(evidence, 'utf8'))).toEqual(drill);
  expect((await stat(evidence)).mode & 0o777).toBe(0o600);
  const page = await readFile(evidence.replace(/json$/, 'md'), 'utf8');
  expect(page).toContain('# Drill of tracker on test-host passed');
  for (const { name } of drill.checks) expect(page).toContain(name);
  await expectNoScratch();
}, 120_000);

test('the Web UI, status, metrics and the state directory tell of the last drill', async () => {
  const { drill } = await verify('tracker');
  const metadata = await holdfast.tool('temporal', [
    'workflow',
    'metadata',
    '-w',
    drill.workflow_id,
    '--address',
    holdfast.address,
  ]);
  expect(metadata).toContain('sqlite/tracker integrity_check');
  const status = JSON.parse((await holdfast.cli('status', '--json')).stdout) as {
    plans: { plan: string; last_drill: unknown }[];
  };
  expect(status.plans.find(({ plan }) => plan === 'tracker')?.last_drill).toEqual(drill);
  expect((await holdfast.cli('status')).stdout).toMatch(/last drill +pass, .* restored in /);
  const metrics = await (await fetch(`http://127.0.0.1:${holdfast.metricsPort}/metrics`)).text();
  expect(metrics).toMatch(/holdfast_drills_total\{.*outcome="pass".*\} 2/);
  expect(metrics).toMatch(/holdfast_last_drill_timestamp_seconds\{.*plan="tracker".*\} 1\d{9}/);
  expect(metrics).toMatch(/holdfast_last_restore_seconds\{.*plan="tracker".*\} \d/);
  const proven: unknown = JSON.parse(await readFile(join(holdfast.directory, 'state/plans/tracker/proven.json'), 'utf8'));
  expect(proven).toEqual([good]);
  const schedule = await holdfast.tool('temporal', [
    'schedule',
    'describe',
    '-s',
    'holdfast/test-host/tracker/verify',
    '--address',
    holdfast.address,
    '--output',
    'json',
  ]);
  expect(schedule).toContain('verifyRestore');
}, 120_000);

test('a missing file fails the drill', async () => {
  const snapshot = await craft((tree) => rm(join(tree, 'files/config/etc/secret.env')));
  const { exitCode, drill } = await verify('tracker', '--snapshot', snapshot.slice(0, 12));
  expect({ exitCode, outcome: drill.outcome, type: drill.failure?.type }).toEqual({
    exitCode: 1,
    outcome: 'fail',
    type: 'DrillFailed',
  });
  expect(drill.snapshot_id).toBe(snapshot);
  expect(complaints(drill)['files']).toContain('files/config/etc/secret.env is missing');
  expect(drill.failure?.message).toContain('secret.env is missing');
  expect(JSON.parse(await readFile(drill.evidence_path ?? '', 'utf8'))).toEqual(drill);
  await holdfast.recordHistory(drill.workflow_id, 'verify-failed');
  await expectNoScratch();
}, 120_000);

test('a truncated dump fails the drill', async () => {
  const snapshot = await craft(async (tree) => {
    const dump = join(tree, 'mysql/shop.sql');
    await truncate(dump, (await readFile(dump, 'utf8')).indexOf('CREATE TABLE `orders`'));
  });
  const { exitCode, drill } = await verify('tracker', '--snapshot', snapshot);
  expect(exitCode).toBe(1);
  const found = complaints(drill);
  expect(found['mysql/shop completion line']).toContain('cut off');
  expect(found['mysql/shop rows']).toContain('orders is missing');
  expect(found['mysql/shop events']).toContain('nightly is missing');
}, 120_000);

test('tables that lost rows fail the drill', async () => {
  const snapshot = await craft(async (tree) => {
    await sqlite3(join(tree, 'sqlite/tracker.db'), 'PRAGMA journal_mode = DELETE; DELETE FROM torrents WHERE id <= 5;');
    const dump = join(tree, 'mysql/shop.sql');
    const text = await readFile(dump, 'utf8');
    await writeFile(dump, text.replace(/,\n?\(2,3\)/, ''));
  });
  const { drill } = await verify('tracker', '--snapshot', snapshot);
  expect(complaints(drill)['sqlite/tracker rows']).toMatch(/torrents has \d+ rows, not \d+/);
  expect(complaints(drill)['mysql/shop rows']).toContain('orders has 1 rows, not 2');
  expect(complaints(drill)['mysql/shop load']).toBeUndefined();
}, 120_000);

test('a broken index passes the quick check of the backup, and fails the drill', async () => {
  const path = join(holdfast.directory, 'data/broken.db');
  await sqlite3(path, 'CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (30); CREATE INDEX i ON t (a) WHERE a > 20;');
  // The index now claims to hold every row.
  await sqlite3(
    path,
    ".dbconfig defensive off\nPRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE INDEX i ON t (a)' WHERE name = 'i';",
  );
  const { run } = await holdfast.backup('broken');
  expect(run.outcome).toBe('succeeded');
  const { exitCode, drill } = await verify('broken');
  expect(exitCode).toBe(1);
  expect(Object.keys(complaints(drill))).toEqual(['sqlite/index integrity_check']);
  expect(complaints(drill)['sqlite/index integrity_check']).toContain('missing from index i');
}, 120_000);

test('a query that does not hold and a required file that is not there fail the drill, also from SQL text', async () => {
  await holdfast.backup('expecting');
  const { exitCode, drill } = await verify('expecting');
  expect(exitCode).toBe(1);
  const found = complaints(drill);
  expect(Object.keys(found)).toEqual([
    'required file files/config/etc/absent.toml',
    'sqlite/tracker query: SELECT count(*) FROM torrents',
    'sqlite/tracker query: SELECT absent FROM nowhere',
  ]);
  expect(drill.checks.find(({ name }) => name.includes('count(*)'))).toMatchObject({
    expected: 'at most 3',
    actual: expect.any(Number),
  });
  expect(found['sqlite/tracker query: SELECT absent FROM nowhere']).toContain('no such table');
}, 120_000);

test('a snapshot that is not there is refused, and a plan without snapshots fails', async () => {
  const absent = await verify('tracker', '--snapshot', 'abcdef012345');
  expect(absent).toMatchObject({ exitCode: 2, drill: { failure: { type: 'ConfigInvalid' } } });
  const odd = await verify('tracker', '--snapshot', '--help');
  expect(odd.exitCode).toBe(2);
});

test.each([
  ['its server is initialised', '--datadir'],
  ['its server runs', '--skip-networking'],
])(
  'a worker killed while %s leaves no server and no scratch directory after its restart, and the drill completes',
  async (_when, argument) => {
    const started = await holdfast.cli('verify', 'tracker', '--detach', '--json');
    const { workflow_id: workflowId } = JSON.parse(started.stdout) as DrillDocument;
    const deadline = Date.now() + 60_000;
    while ((await scratchServers(argument)).length === 0 && Date.now() < deadline) await sleep(20);
    expect((await scratchServers(argument)).length).toBeGreaterThan(0);
    await holdfast.down('SIGKILL');
    await sleep(500);
    expect(await scratchServers('--skip-networking')).toEqual([]);
    await holdfast.up();
    await holdfast.withClient(async (client) => {
      const result: unknown = await client.workflow.getHandle(workflowId).result();
      expect(result).toMatchObject({ outcome: 'succeeded', drill: { evidencePath: expect.any(String) } });
    });
    await expectNoScratch();
  },
  180_000,
);

test('a flipped byte in a pack fails the drill, although the archive is whole', async () => {
  const packs = (await holdfast.tool('find', [join(holdfast.directory, 'repository/data'), '-type', 'f', '-printf', '%s %p\\n']))
    .trim()
    .split('\n')
    .map((line) => ({ size: Number(line.split(' ')[0]), path: line.slice(line.indexOf(' ') + 1) }))
    .sort((a, b) => b.size - a.size);
  const { path, size } = packs[0] ?? { path: '', size: 0 };
  await chmod(path, 0o600);
  const pack = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await pack.read(byte, 0, 1, Math.floor(size / 2));
  await pack.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, Math.floor(size / 2));
  await pack.close();
  const { exitCode, drill } = await verify('tracker', '--snapshot', good);
  expect({ exitCode, outcome: drill.outcome }).toEqual({ exitCode: 1, outcome: 'fail' });
  expect(Object.keys(complaints(drill))).toEqual(['restore']);
  expect(complaints(drill)['restore']).toMatch(/cannot be restored whole/);
  expect(drill.checks.at(-1)).toMatchObject({ name: expect.stringContaining('archive'), status: 'pass' });
  expect(await readFile(join(holdfast.directory, 'state/plans/tracker/proven.json'), 'utf8')).toContain(good);
}, 120_000);
