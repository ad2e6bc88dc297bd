// However large a source is, the worker's memory stays where it is: 8 GB of SQLite and 1 GB of MariaDB, backed up and drilled.
import { mkdir, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { DatabaseServer } from '../support/database-server.ts';
import { findProcess, memoryOf } from '../support/find-process.ts';
import { Holdfast, renderConfiguration } from '../support/holdfast.ts';
import { startMariadb } from '../support/mariadb-server.ts';
import { sqlite3 } from '../support/tracker-database.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const ALLOWED_RISE_BYTES = 100 * MIB;
/** The source, its stage, the repository and the archive, which compress well, and the drill's copies. */
const NEEDED_BYTES = 40 * GIB;

let holdfast: Holdfast | undefined;
let mariadb: DatabaseServer | undefined;

beforeAll(async () => {
  const disk = await statfs(tmpdir());
  const free = disk.bavail * disk.bsize;
  if (free < NEEDED_BYTES) throw new Error(`this test needs 40 GiB in ${tmpdir()}, and there are ${Math.floor(free / GIB)} GiB`);
  const server = await startMariadb(['--innodb-log-file-size=256M']);
  mariadb = server;
  await server.sql('CREATE DATABASE shop; CREATE TABLE shop.orders (id INT PRIMARY KEY, text LONGTEXT)');
  await server.sql('INSERT INTO shop.orders SELECT seq, repeat(md5(rand()), 1000) FROM seq_1_to_32000', 'shop');
  await server.sql('INSERT INTO shop.orders SELECT 100000 + seq, repeat(md5(rand()), 300000) FROM seq_1_to_5', 'shop');
}, 900_000);

afterAll(async () => {
  await holdfast?.stop();
  await mariadb?.stop();
}, 120_000);

async function start(sources: (directory: string) => string): Promise<{ subject: Holdfast; worker: number; idle: number }> {
  const subject = await Holdfast.create((directory) =>
    renderConfiguration(directory, {
      sources: sources(directory),
      extra: `archive: { directory: ${directory}/archives }\nverification:\n  schedule: { cron: "@monthly" }`,
    }),
  );
  holdfast = subject;
  await mkdir(join(subject.directory, 'archives'));
  await subject.up();
  await subject.cli('init', 'main');
  const worker = await findProcess('node', ' up ', `--ui-port ${subject.uiPort}`);
  return { subject, worker, idle: memoryOf(worker).now };
}

/** Runs a command, and says by how much the worker's memory was ever above what it was when idle. */
async function riseDuring({ subject, worker, idle }: Awaited<ReturnType<typeof start>>, ...command: string[]): Promise<number> {
  const result = await subject.cli(...command);
  if (result.exitCode !== 0) throw new Error(result.stderr);
  const rise = memoryOf(worker).peak - idle;
  console.log(`${command.join(' ')}: idle ${Math.round(idle / MIB)} MiB, peak ${Math.round(rise / MIB)} MiB above it`);
  return rise;
}

test('a database of 8 GB is backed up, archived and drilled with the memory of a small one', async () => {
  const scene = await start((directory) => `sqlite:\n  big: { path: ${directory}/data/big.db }`);
  const path = join(scene.subject.directory, 'data/big.db');
  await sqlite3(
    path,
    `PRAGMA page_size = 65536; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 100;
     CREATE TABLE blobs (id INTEGER PRIMARY KEY, content BLOB);
     ${Array.from({ length: 16 }, () => `INSERT INTO blobs (content) SELECT zeroblob(${MIB}) FROM generate_series(1, 512);`).join('\n')}`,
  );
  expect(await riseDuring(scene, 'backup', 'tracker')).toBeLessThan(ALLOWED_RISE_BYTES);
  expect(await riseDuring(scene, 'verify', 'tracker')).toBeLessThan(ALLOWED_RISE_BYTES);
  await scene.subject.stop();
}, 3_000_000);

test('a dump of 1 GB, with values of 10 MB, too', async () => {
  const server = mariadb;
  if (server === undefined) throw new Error('no MariaDB');
  const scene = await start(() => `mysql:\n  shop: { socket: ${server.socket}, user: root, database: shop }`);
  expect(await riseDuring(scene, 'backup', 'tracker')).toBeLessThan(ALLOWED_RISE_BYTES);
  expect(await riseDuring(scene, 'verify', 'tracker')).toBeLessThan(ALLOWED_RISE_BYTES);
}, 3_000_000);
