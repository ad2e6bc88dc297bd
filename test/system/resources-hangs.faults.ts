// Programs that stand still, for a while and for good, and a database server that is restarted under its dump.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { DatabaseServer } from '../support/database-server.ts';
import { findProcess } from '../support/find-process.ts';
import { Holdfast } from '../support/holdfast.ts';
import { startMariadb } from '../support/mariadb-server.ts';
import { untilPhaseFails } from '../support/pending-failure.ts';
import { expectOneRun, makeSources, renderSmallPlan } from '../support/resource-scene.ts';
import { createTrackerDatabase } from '../support/tracker-database.ts';

/** Longer than the heartbeat timeout of any phase. */
const LONG_PAUSE_MS = 25_000;

let mariadb: DatabaseServer;
let holdfast: Holdfast;

/** One plan with all kinds of sources, large enough for each program to be caught at work. */
function render(directory: string, noProgress: string): string {
  const sources = `mysql:\n  shop: { socket: ${mariadb.socket}, user: root, database: shop }`;
  return renderSmallPlan(directory, { sources })
    .replace('tracker.db }', 'big.db, method: vacuum_into }')
    .replace('no_progress_timeout: 10s', `no_progress_timeout: ${noProgress}`);
}

beforeAll(async () => {
  mariadb = await startMariadb();
  await mariadb.sql('CREATE DATABASE shop; CREATE TABLE shop.orders (id INT PRIMARY KEY, text LONGTEXT)');
  await mariadb.sql('INSERT INTO shop.orders SELECT seq, repeat(md5(rand()), 5000) FROM seq_1_to_1000', 'shop');
}, 180_000);

afterAll(async () => mariadb.stop());

beforeEach(async () => {
  holdfast = await Holdfast.create((directory) => render(directory, '10s'));
  await makeSources(holdfast, { mebibytes: 200 });
  await createTrackerDatabase(join(holdfast.directory, 'data/big.db'), { journalMode: 'wal', bytes: 100_000_000 });
}, 180_000);

afterEach(async () => holdfast.stop());

const PROGRAMS = {
  sqlite3: () => findProcess('sqlite3', `${holdfast.directory}/data/big.db`),
  dump: () => findProcess('mariadb-dump', mariadb.socket),
  restic: () => findProcess('restic', holdfast.directory, ' backup '),
};

async function startAndInit(noProgress: string): Promise<void> {
  await holdfast.configure((directory) => render(directory, noProgress));
  await holdfast.up();
  await holdfast.cli('init', 'main');
}

/** `mariadb-dump` names its socket in an argument. */
async function stop(program: keyof typeof PROGRAMS): Promise<number> {
  const pid = await PROGRAMS[program]();
  process.kill(pid, 'SIGSTOP');
  return pid;
}

test('programs that stand still for longer than a heartbeat, as on a slow disk, are waited for: one attempt of each phase', async () => {
  await startAndInit('15m');
  const backup = holdfast.backup('tracker');
  const stopped = await Promise.all([stop('sqlite3'), stop('dump')]);
  await sleep(LONG_PAUSE_MS);
  for (const pid of stopped) process.kill(pid, 'SIGCONT');
  const restic = await stop('restic');
  await sleep(LONG_PAUSE_MS);
  process.kill(restic, 'SIGCONT');
  const { exitCode, run } = await backup;
  expect([exitCode, run.failure]).toEqual([0, undefined]);
  expect(run.phases.map(({ attempts }) => attempts)).toEqual(run.phases.map(() => 1));
  await expectOneRun(holdfast, run);
}, 300_000);

test.each([
  ['sqlite3', 'dumpSqlite', /sqlite3 on .*data\/big\.db made no progress for 10 s/],
  ['dump', 'dumpMysql', /mysql\/shop.*mariadb-dump.* made no progress for 10 s/],
  ['restic', 'createSnapshot', /restic on repository main made no progress for 10 s/],
] as const)(
  '%s that stands still for good is ended and started again, and the run succeeds',
  async (program, phase, said) => {
    await startAndInit('10s');
    const backup = holdfast.backup('tracker');
    const pid = await stop(program);
    const failure = await untilPhaseFails(holdfast);
    expect(failure).toMatchObject({ phase, type: 'ProcessTimeout', message: expect.stringMatching(said) });
    expect(failure.message).toContain('no_progress_timeout');
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    const { exitCode, run } = await backup;
    expect([exitCode, run.failure]).toEqual([0, undefined]);
    expect(run.phases.find(({ name }) => name.startsWith(phase))?.attempts).toBe(2);
    await expectOneRun(holdfast, run);
  },
  300_000,
);

test('a server that is restarted under its dump costs an attempt, and the one snapshot holds a whole dump', async () => {
  await startAndInit('10s');
  const backup = holdfast.backup('tracker');
  const pid = await stop('dump');
  mariadb.kill();
  process.kill(pid, 'SIGCONT');
  const failure = await untilPhaseFails(holdfast);
  expect(failure).toMatchObject({ phase: 'dumpMysql', type: 'SourceUnavailable' });
  await mariadb.restart();
  const { exitCode, run } = await backup;
  expect([exitCode, run.failure]).toEqual([0, undefined]);
  await expectOneRun(holdfast, run);
  const dump = await holdfast.restic('dump', run.snapshot_id ?? '', '/mysql/shop.sql');
  expect(dump.trimEnd().split('\n').at(-1)).toContain('-- Dump completed');
}, 300_000);
