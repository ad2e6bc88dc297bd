import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { KeptChain } from '../../activities/databases/sqlite/incremental/chain.ts';
import { manifestSchema, type SqliteFacts } from '../../activities/stage/manifest.ts';
import type { DrillDocument } from '../../contract/drill-document.ts';
import { pagesSha256Of } from '../support/chain-place.ts';
import { Holdfast, renderConfiguration } from '../support/holdfast.ts';
import { programs } from '../support/phase-context.ts';
import { createTrackerDatabase, restoreTrackerDatabase, sqlite3, startSqliteWriter } from '../support/tracker-database.ts';

const BYTES = 20_000_000;

const render = (directory: string) =>
  renderConfiguration(directory, {
    sources: `sqlite:\n  tracker: { path: ${directory}/data/tracker.db, method: incremental }`,
    extra: `archive: { directory: ${directory}/archives }`,
  });

let holdfast: Holdfast;
let live: string;
/** Has a zstd that fails once on patches after a file `fail` was laid beside it. */
let bin: string;

beforeAll(async () => {
  bin = await mkdtemp(join(tmpdir(), 'holdfast-bin-'));
  const zstd = await programs.find('zstd');
  const failOnce = `if rm "${bin}/fail" 2> /dev/null; then exit 1; fi`;
  const script = `#!/bin/sh\ncase $* in *.patch.zst) ${failOnce} ;; esac\nexec ${zstd} "$@"\n`;
  await writeFile(join(bin, 'zstd'), script, { mode: 0o755 });
  holdfast = await Holdfast.create(render, { environment: { PATH: `${bin}:${process.env['PATH']}` } });
  live = join(holdfast.directory, 'data/tracker.db');
  await createTrackerDatabase(live, { journalMode: 'wal', bytes: BYTES });
  await holdfast.up();
  await holdfast.restic('init');
}, 120_000);

afterAll(async () => {
  await holdfast.stop();
  await rm(bin, { recursive: true });
});

const chainHome = () => join(holdfast.directory, 'state/plans/tracker/chains/sqlite.tracker');

async function keptChain(): Promise<KeptChain> {
  return JSON.parse(await readFile(join(chainHome(), 'chain.json'), 'utf8')) as KeptChain;
}

const backUp = () => holdfast.mustBackUp();

/** Changes one row of so many, and keeps the tracker's invariant. */
function change(oneOf: number) {
  return sqlite3(
    live,
    `BEGIN; UPDATE torrents SET completed = completed + 1 WHERE id % ${oneOf} = 0;
     UPDATE metrics SET value = (SELECT total(completed) FROM torrents) WHERE name = 'total'; COMMIT;`,
  );
}

/** How many files restic found unchanged, by its own count. */
async function unmodifiedIn(snapshot: string | null): Promise<number | undefined> {
  const [found] = JSON.parse(await holdfast.restic('snapshots', '--json', snapshot ?? '')) as {
    summary: { files_unmodified: number };
  }[];
  return found?.summary.files_unmodified;
}

async function factsIn(tree: string): Promise<SqliteFacts> {
  const manifest = manifestSchema.parse(JSON.parse(await readFile(join(tree, 'manifest.json'), 'utf8')));
  return manifest.sources['sqlite/tracker'] as SqliteFacts;
}

test('repeat runs beside a busy writer store what has changed, restic does not read the base again, and replay.sh gives the database', async () => {
  expect((await backUp()).bytes_added).toBeGreaterThan(BYTES / 3);
  const unchanged = await backUp();
  expect(await unmodifiedIn(unchanged.snapshot_id)).toBe(1);
  expect(unchanged.bytes_added).toBeLessThan(100_000);

  await change(20_000);
  const writer = await startSqliteWriter(live, 50);
  let changed: Awaited<ReturnType<typeof backUp>>;
  try {
    changed = await backUp();
  } finally {
    await writer.stop();
  }
  expect(await unmodifiedIn(changed.snapshot_id)).toBe(1);
  expect(changed.bytes_added).toBeLessThan(BYTES / 5);
  expect(await readdir(join(holdfast.directory, 'staging'))).toEqual(['tracker.chains']);
  expect((await stat(chainHome())).mode & 0o777).toBe(0o700);

  const target = join(holdfast.directory, 'by-hand');
  await holdfast.restic('restore', changed.snapshot_id ?? '', '--target', target);
  const facts = await factsIn(target);
  expect(facts.chain).toMatchObject({ deltas: 1 });
  expect(await readFile(join(target, 'RESTORE.md'), 'utf8')).toContain('sh sqlite/tracker/replay.sh');
  const replayed = join(target, 'replayed.db');
  await holdfast.tool('sh', ['sqlite/tracker/replay.sh', replayed], { cwd: target });
  expect(await pagesSha256Of(replayed)).toBe(facts.chain?.pages_sha256);
  expect(await restoreTrackerDatabase(replayed, target)).toEqual(facts.tables);
}, 120_000);

test('a worker that is killed while it writes a delta leaves the chain before it, and the run goes on with that', async () => {
  const before = await keptChain();
  await change(40);
  await holdfast.withClient((client) =>
    client.workflow.start('backup', { workflowId: 'killed', taskQueue: 'holdfast-test-host', args: [{ plan: 'tracker' }] }),
  );
  const files = join(chainHome(), before.chain.id);
  while (!(await readdir(files)).includes('0002.pages')) await sleep(2);
  await holdfast.down('SIGKILL');
  // Either the chain before it, or, should the kill come late, the whole new one.
  const kept = (await keptChain()).chain;
  expect(kept.deltas.length === 1 ? kept : kept.id).toEqual(kept.deltas.length === 1 ? before.chain : before.chain.id);
  await holdfast.up();
  const result = await holdfast.withClient((client) => client.workflow.getHandle('killed').result());
  expect(result).toMatchObject({ outcome: 'succeeded' });
  expect((await keptChain()).chain).toMatchObject({
    id: before.chain.id,
    deltas: [{ name: '0001.wal' }, { name: '0002.patch.zst' }],
  });
}, 180_000);

test('the drill replays the chain and compares it', async () => {
  const { exitCode, stdout } = await holdfast.cli('verify', 'tracker', '--json');
  const { checks } = JSON.parse(stdout) as DrillDocument;
  expect(checks.filter(({ status }) => status !== 'pass')).toEqual([]);
  expect(checks.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['files', 'sqlite/tracker replay', 'sqlite/tracker integrity_check', 'sqlite/tracker rows']),
  );
  expect(exitCode).toBe(0);
}, 120_000);

test('restores give the database: in place, from the archive, and alone', async () => {
  const expected = (await keptChain()).chain.database.pages_sha256;
  await sqlite3(live, 'DROP TABLE torrents;');
  const back = await holdfast.cli('restore', 'tracker', '--in-place', '--yes', '--json');
  expect(back.exitCode).toBe(0);
  expect(await pagesSha256Of(live)).toBe(expected);

  const archive = await holdfast.cli('restore', 'tracker', '--from', 'archive', '--only', 'sqlite/tracker', '--json');
  const restored = JSON.parse(archive.stdout) as { path: string; verified: boolean };
  expect({ exitCode: archive.exitCode, verified: restored.verified }).toEqual({ exitCode: 0, verified: true });
  expect(await readdir(join(restored.path, 'sqlite'))).toEqual(['tracker.db']);
  expect(await pagesSha256Of(join(restored.path, 'sqlite/tracker.db'))).toBe(expected);

  const dumped = await holdfast.cli('dump', 'tracker', 'sqlite/tracker.db');
  expect(await pagesSha256Of(dumped.stdout.trim())).toBe(expected);
  expect((await holdfast.cli('ls', 'tracker', 'sqlite/tracker')).stdout).toMatch(/0001\.wal[^]*base\.db[^]*chain\.json/);
}, 120_000);

test.each([[[]], [['--from', 'archive']]])(
  'a restore whose replay fails leaves the chain as it was backed up, with the base fetched once more (%p)',
  async (from) => {
    const expected = (await keptChain()).chain.database.pages_sha256;
    await writeFile(join(bin, 'fail'), '');
    const { stdout } = await holdfast.cli('restore', 'tracker', ...from, '--only', 'sqlite/tracker', '--json');
    const restored = JSON.parse(stdout) as { path: string; verified: boolean; warnings: string[] };
    expect(restored).toMatchObject({
      verified: false,
      warnings: [expect.stringMatching(/sqlite\/tracker\.db could not be made/)],
    });
    expect(await readdir(join(restored.path, 'sqlite'))).toEqual(['tracker']);
    const replayed = join(restored.path, 'replayed.db');
    await holdfast.tool('sh', ['sqlite/tracker/replay.sh', replayed], { cwd: restored.path });
    expect(await pagesSha256Of(replayed)).toBe(expected);
  },
  120_000,
);
