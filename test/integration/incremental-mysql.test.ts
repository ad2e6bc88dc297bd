import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { KeptChain } from '../../activities/databases/mysql/incremental/chain.ts';
import type { DrillDocument } from '../../contract/drill-document.ts';
import { sha256Of } from '../support/chain-place.ts';
import type { DatabaseServer } from '../support/database-server.ts';
import { Holdfast, renderConfiguration } from '../support/holdfast.ts';
import { startMariadb } from '../support/mariadb-server.ts';

let server: DatabaseServer;
let holdfast: Holdfast;

beforeAll(async () => {
  server = await startMariadb();
  await server.sql(
    `CREATE DATABASE tracker CHARACTER SET utf8mb4; USE tracker;
     CREATE TABLE torrents (id INT PRIMARY KEY AUTO_INCREMENT, info_hash VARCHAR(40) NOT NULL, completed INT NOT NULL DEFAULT 0);
     INSERT INTO torrents (info_hash) SELECT SHA1(seq) FROM seq_1_to_200000;`,
  );
  holdfast = await Holdfast.create((directory) =>
    renderConfiguration(directory, {
      sources: `mysql:\n  tracker: { socket: ${server.socket}, user: root, database: tracker, method: incremental }`,
      extra: `archive: { directory: ${directory}/archives }`,
    }),
  );
  await holdfast.up();
  await holdfast.restic('init');
}, 120_000);

afterAll(async () => {
  await holdfast.stop();
  await server.stop();
});

const chainHome = () => join(holdfast.directory, 'state/plans/tracker/chains/mysql.tracker');

async function keptChain(): Promise<KeptChain> {
  return JSON.parse(await readFile(join(chainHome(), 'chain.json'), 'utf8')) as KeptChain;
}

const backUp = () => holdfast.mustBackUp();

const change = () => server.sql('UPDATE torrents SET completed = completed + 1 WHERE RAND() < 0.002', 'tracker');
const checksum = () => server.sql('CHECKSUM TABLE torrents', 'tracker');

test('repeat runs store what has changed, and the drill replays and loads it', async () => {
  const first = await backUp();
  expect(first.bytes_added).toBeGreaterThan(4_000_000);
  await change();
  expect((await backUp()).bytes_added).toBeLessThan(200_000);
  expect((await backUp()).bytes_added).toBeLessThan(50_000);
  const { exitCode, stdout } = await holdfast.cli('verify', 'tracker', '--json');
  const { checks } = JSON.parse(stdout) as DrillDocument;
  expect(checks.filter(({ status }) => status !== 'pass')).toEqual([]);
  expect(checks.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['mysql/tracker replay', 'mysql/tracker completion line', 'mysql/tracker load', 'mysql/tracker rows']),
  );
  expect(exitCode).toBe(0);
}, 180_000);

test('a worker that is killed while it dumps leaves the chain before it, and the run goes on with that', async () => {
  const { chain: before } = await keptChain();
  await change();
  await holdfast.withClient((client) =>
    client.workflow.start('backup', { workflowId: 'killed', taskQueue: 'holdfast-test-host', args: [{ plan: 'tracker' }] }),
  );
  while (!(await readdir(chainHome())).includes('next.sql')) await sleep(2);
  await holdfast.down('SIGKILL');
  const kept = (await keptChain()).chain;
  expect(kept.deltas.length === 1 ? kept : kept.id).toEqual(kept.deltas.length === 1 ? before : before.id);
  await holdfast.up();
  const result = await holdfast.withClient((client) => client.workflow.getHandle('killed').result());
  expect(result).toMatchObject({ outcome: 'succeeded' });
  expect((await keptChain()).chain).toMatchObject({ id: before.id, deltas: [{}, {}] });
}, 180_000);

test('restores give the dump: loaded, from the archive, and alone', async () => {
  const expected = await checksum();
  const { sha256 } = (await keptChain()).chain.dump;
  await server.sql('DROP TABLE torrents', 'tracker');
  const loaded = await holdfast.cli('restore', 'tracker', '--load', 'mysql/tracker', '--yes', '--json');
  expect({ exitCode: loaded.exitCode, checksum: await checksum() }).toEqual({ exitCode: 0, checksum: expected });

  const archive = await holdfast.cli('restore', 'tracker', '--from', 'archive', '--only', 'mysql/tracker', '--json');
  const restored = JSON.parse(archive.stdout) as { path: string; verified: boolean };
  expect({ exitCode: archive.exitCode, verified: restored.verified }).toEqual({ exitCode: 0, verified: true });
  expect(await readdir(join(restored.path, 'mysql'))).toEqual(['tracker.sql']);
  expect(await sha256Of(join(restored.path, 'mysql/tracker.sql'))).toBe(sha256);

  const dumped = await holdfast.cli('dump', 'tracker', 'mysql/tracker.sql');
  expect(await sha256Of(dumped.stdout.trim())).toBe(sha256);
}, 120_000);
