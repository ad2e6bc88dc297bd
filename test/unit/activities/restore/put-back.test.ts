import { chmod, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { findHolders, requireUnused } from '../../../../activities/restore/open-holders.ts';
import { type PutBackJob, putBackSource, undoUnfinished } from '../../../../activities/restore/put-back-source.ts';
import { putBackSqlite } from '../../../../activities/restore/put-back-sqlite.ts';
import { beforePath, draftPath, kindAt, raw, type Swap, swapIn, undoSwap } from '../../../../activities/restore/swap.ts';
import { bytePath } from '../../../../activities/stage/byte-path.ts';
import { hashFile } from '../../../../activities/stage/copy-file.ts';
import type { SqliteFacts } from '../../../../activities/stage/manifest.ts';
import { pagesSha256Of } from '../../../support/chain-place.ts';
import { createTestContext, programs, withDirectory } from '../../../support/phase-context.ts';
import { sqliteSource } from '../../../support/sqlite-source.ts';
import { createTrackerDatabase, sqlite3 } from '../../../support/tracker-database.ts';

const run = {
  plan: 'app',
  workflowId: 'w',
  runId: '01a20723-d9f2-7dd7-9488-e157cb46d421',
  startedAt: '2026-11-23T03:00:00.123Z',
};
const ID = 'cb46d421';

const read = (path: string) => readFile(raw(path), 'utf8');

/** A place with an old thing and a draft of the new one. */
async function makeSwap(directory: string, { hadOld, isDirectory }: { hadOld: boolean; isDirectory: boolean }): Promise<Swap> {
  const swap = { place: bytePath(join(directory, 'nämé')), hadOld, isDirectory };
  const make = async (path: string, text: string) => {
    if (isDirectory) await mkdir(raw(path));
    await writeFile(raw(isDirectory ? `${path}/x` : path), text);
  };
  if (hadOld) await make(swap.place, 'old');
  await make(draftPath(swap, ID), 'new');
  return swap;
}

const SHAPES = [
  { hadOld: true, isDirectory: false },
  { hadOld: true, isDirectory: true },
  { hadOld: false, isDirectory: false },
  { hadOld: false, isDirectory: true },
];

test.each(SHAPES)('a swap keeps the old, can be repeated and can be undone: %j', (shape) =>
  withDirectory(async (directory) => {
    const swap = await makeSwap(directory, shape);
    const inside = shape.isDirectory ? '/x' : '';
    await swapIn(swap, ID);
    await swapIn(swap, ID);
    expect(await read(swap.place + inside)).toBe('new');
    if (shape.hadOld) expect(await read(beforePath(swap, ID) + inside)).toBe('old');
    await undoSwap(swap, ID);
    await undoSwap(swap, ID);
    expect(await readdir(directory)).toEqual(shape.hadOld ? ['nämé'] : []);
    if (shape.hadOld) expect(await read(swap.place + inside)).toBe('old');
  }),
);

test('a swap that died after the old one was put aside goes on or is undone, and a file never was missing', () =>
  withDirectory(async (directory) => {
    const file = await makeSwap(directory, { hadOld: true, isDirectory: false });
    await programs.run({ program: 'ln', args: ['nämé', `nämé.before-${ID}`], cwd: directory });
    expect(await read(file.place)).toBe('old');
    await undoSwap(file, ID);
    expect(await readdir(directory)).toEqual(['nämé']);
    expect(await read(file.place)).toBe('old');

    await writeFile(raw(draftPath(file, ID)), 'new');
    await programs.run({ program: 'ln', args: ['nämé', `nämé.before-${ID}`], cwd: directory });
    await swapIn(file, ID);
    expect([await read(file.place), await read(beforePath(file, ID))]).toEqual(['new', 'old']);
  }));

test('a directory whose swap died between its two renames goes on, or is undone', () =>
  withDirectory(async (directory) => {
    const swap = await makeSwap(directory, { hadOld: true, isDirectory: true });
    await rename(raw(swap.place), raw(beforePath(swap, ID)));
    await swapIn(swap, ID);
    expect([await read(`${swap.place}/x`), await read(`${beforePath(swap, ID)}/x`)]).toEqual(['new', 'old']);
    await undoSwap(swap, ID);
    expect(await read(`${swap.place}/x`)).toBe('old');
  }));

function job(directory: string, places: string[], changes: Partial<PutBackJob> = {}): PutBackJob {
  return {
    tree: join(directory, 'tree'),
    run,
    source: 'files/config',
    plan: async () =>
      Promise.all(
        places.map(async (place) => ({
          place: bytePath(place),
          hadOld: (await kindAt(bytePath(place))) !== 'none',
          isDirectory: false,
        })),
      ),
    prepare: async (_, draft) => writeFile(raw(draft), 'new'),
    beforeSwap: async () => undefined,
    ...changes,
  };
}

test('nothing is swapped before everything is prepared, and a failure in between is undone to the last draft', () =>
  withDirectory(async (directory) => {
    await mkdir(join(directory, 'tree'));
    const places = ['a', 'b', 'c'].map((name) => join(directory, name));
    for (const place of places) await writeFile(place, 'old');
    let prepared = 0;
    const failing = job(directory, places, {
      prepare: async (_, draft) => {
        await writeFile(raw(draft), 'half');
        if (++prepared === 2) throw new Error('full');
      },
    });
    await expect(putBackSource(failing)).rejects.toThrow('full');
    expect(await Promise.all(places.map((place) => readFile(place, 'utf8')))).toEqual(['old', 'old', 'old']);
    await undoUnfinished(join(directory, 'tree'), run);
    expect((await readdir(directory)).sort()).toEqual(['a', 'b', 'c', 'tree']);
  }));

test('an attempt after one that died while swapping does the rest, and what is done is not undone', () =>
  withDirectory(async (directory) => {
    await mkdir(join(directory, 'tree'));
    const places = ['a', 'b'].map((name) => join(directory, name));
    await writeFile(places[0] ?? '', 'old');
    const [a = '', b = ''] = places;
    // b is a directory that is not empty, so that its swap fails after a's was done.
    await mkdir(b);
    await writeFile(join(b, 'x'), 'in the way');
    const planned = [
      { place: bytePath(a), hadOld: true, isDirectory: false },
      { place: bytePath(b), hadOld: false, isDirectory: false },
    ];
    const broken = job(directory, places, { plan: async () => planned });
    await expect(putBackSource(broken)).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
    expect(await readFile(a, 'utf8')).toBe('new');
    await rename(b, join(directory, 'moved'));
    const never = async () => {
      throw new Error('asked again');
    };
    expect(await putBackSource({ ...broken, plan: never, prepare: never, beforeSwap: never })).toEqual([`${a}.before-${ID}`]);
    expect([await readFile(a, 'utf8'), await readFile(b, 'utf8'), await readFile(`${a}.before-${ID}`, 'utf8')]).toEqual([
      'new',
      'new',
      'old',
    ]);
    await undoUnfinished(join(directory, 'tree'), run);
    expect(await readFile(a, 'utf8')).toBe('new');
  }));

async function sqliteJob(directory: string): Promise<Parameters<typeof putBackSqlite>[0]> {
  const tree = join(directory, 'tree');
  await mkdir(join(tree, 'sqlite'), { recursive: true });
  await createTrackerDatabase(join(tree, 'sqlite/main.db'), { journalMode: 'delete', bytes: 100_000 });
  const { bytes, sha256 } = await hashFile(join(tree, 'sqlite/main.db'), { signal: new AbortController().signal });
  const facts = { kind: 'sqlite', path: 'sqlite/main.db', bytes, sha256 } as SqliteFacts;
  return { source: sqliteSource(join(directory, 'live.db')), facts, tree, run, programs };
}

test('a hot journal of the old database is rolled back into the old one, and never into the new one', () =>
  withDirectory(async (directory) => {
    const sqlite = await sqliteJob(directory);
    const { path } = sqlite.source;
    await createTrackerDatabase(path, { journalMode: 'delete', bytes: 2_000_000 });
    const rows = await sqlite3(path, 'SELECT count(*), total(completed) FROM torrents');
    const crash = `import os, sqlite3, sys
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute('PRAGMA cache_size=1')
c.execute('BEGIN')
c.execute('UPDATE torrents SET completed = 1')
os._exit(0)`;
    await programs.run({ program: 'python3', args: ['-c', crash, path] });
    expect(await readdir(directory)).toContain('live.db-journal');
    const [kept = ''] = await putBackSqlite(sqlite, createTestContext());
    expect((await readdir(directory)).sort()).toEqual(['live.db', `live.db.before-${ID}`, 'tree']);
    expect(await readFile(path)).toEqual(await readFile(join(sqlite.tree, 'sqlite/main.db')));
    expect(await sqlite3(kept, 'SELECT count(*), total(completed) FROM torrents; PRAGMA integrity_check')).toBe(`${rows}\nok`);
  }));

test('a broken database is kept byte for byte with its log, and a warning says so', () =>
  withDirectory(async (directory) => {
    const sqlite = await sqliteJob(directory);
    const { path } = sqlite.source;
    await writeFile(path, 'this is no database at all, and longer than a header is '.repeat(20));
    await writeFile(`${path}-wal`, 'nor is this a log');
    await chmod(path, 0o640);
    const before = await readFile(path);
    const context = createTestContext();
    const [kept = ''] = await putBackSqlite(sqlite, context);
    expect(await readFile(kept)).toEqual(before);
    expect(await readFile(`${kept}-wal`, 'utf8')).toBe('nor is this a log');
    expect(await sqlite3(path, 'PRAGMA integrity_check')).toBe('ok');
    expect(context.warnings.join()).toContain('kept as it was');
  }));

/** The same database as a chain gives it: what is known is the digest of its pages. */
async function chainJob(directory: string): Promise<Parameters<typeof putBackSqlite>[0]> {
  const job = await sqliteJob(directory);
  const path = join(job.tree, 'sqlite/main.db');
  const { sha256: _, ...facts } = job.facts;
  const chain = { pages: facts.bytes / 4096, deltas: 1, pages_sha256: await pagesSha256Of(path) };
  return { ...job, facts: { ...facts, path: 'sqlite/main', page_size: 4096, chain } };
}

test('the database that a chain gave is put back, compared page by page', () =>
  withDirectory(async (directory) => {
    const job = await chainJob(directory);
    await putBackSqlite(job, createTestContext());
    expect(await readFile(job.source.path)).toEqual(await readFile(join(job.tree, 'sqlite/main.db')));
  }));

test.each([
  ['of a full copy', sqliteJob, { sha256: '0'.repeat(64) }],
  ['of a chain', chainJob, { chain: { pages: 1, deltas: 1, pages_sha256: '0'.repeat(64) } }],
  ['of a chain of which no digest is known', chainJob, { chain: { pages: 1, deltas: 1 } }],
])('a copy that is not what was backed up replaces nothing: %s', (_what, makeJob, facts) =>
  withDirectory(async (directory) => {
    const sqlite = await makeJob(directory);
    await createTrackerDatabase(sqlite.source.path, { journalMode: 'wal', bytes: 100_000 });
    const before = await readFile(sqlite.source.path);
    const changed = { ...sqlite, facts: { ...sqlite.facts, ...facts } };
    await expect(putBackSqlite(changed, createTestContext())).rejects.toMatchObject({ type: 'DumpRejected' });
    expect(await readFile(sqlite.source.path)).toEqual(before);
  }),
);

test('whoever has a database or its log open is found, and the refusal is final', () =>
  withDirectory(async (directory) => {
    const path = join(directory, 'live.db');
    await createTrackerDatabase(path, { journalMode: 'wal', bytes: 10_000 });
    expect(await findHolders([path])).toEqual([]);
    await requireUnused('sqlite/main', path);
    const holder = await programs.start({ program: 'sqlite3', args: [path] });
    holder.write('BEGIN; SELECT count(*) FROM torrents;\n');
    await holder.lines.next();
    const [found] = await findHolders([`${path}-shm`]);
    expect(found?.command).toContain('sqlite3');
    await expect(requireUnused('sqlite/main', path)).rejects.toMatchObject({
      type: 'SourceUnavailable',
      isFinal: true,
      message: expect.stringContaining(`pid ${found?.pid}`),
    });
    await holder.stop();
  }));
