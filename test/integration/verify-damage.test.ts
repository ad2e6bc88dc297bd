import { chmod, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { complaints, DrillSubject } from '../support/drill-subject.ts';
import { sqlite3 } from '../support/tracker-database.ts';

let subject: DrillSubject;

beforeAll(async () => {
  subject = await DrillSubject.create();
}, 180_000);

afterAll(() => subject.dispose(), 60_000);

test('a missing file fails the drill', async () => {
  const snapshot = await subject.craft((tree) => rm(join(tree, 'files/config/etc/secret.env')));
  const { exitCode, drill } = await subject.verify('tracker', '--snapshot', snapshot.slice(0, 12));
  expect({ exitCode, outcome: drill.outcome, type: drill.failure?.type }).toEqual({
    exitCode: 1,
    outcome: 'fail',
    type: 'DrillFailed',
  });
  expect(drill.snapshot_id).toBe(snapshot);
  expect(complaints(drill)['files']).toContain('files/config/etc/secret.env is missing');
  expect(drill.failure?.message).toContain('secret.env is missing');
  expect(JSON.parse(await readFile(drill.evidence_path ?? '', 'utf8'))).toEqual(drill);
  await subject.holdfast.recordHistory(drill.workflow_id, 'verify-failed');
  expect(await subject.remains()).toEqual({ names: [], servers: [] });
}, 120_000);

test('a truncated dump fails the drill', async () => {
  const snapshot = await subject.craft(async (tree) => {
    const dump = join(tree, 'mysql/shop.sql');
    await truncate(dump, (await readFile(dump)).indexOf('CREATE TABLE `orders`'));
  });
  const { exitCode, drill } = await subject.verify('tracker', '--snapshot', snapshot);
  expect(exitCode).toBe(1);
  const found = complaints(drill);
  expect(found['mysql/shop completion line']).toContain('cut off');
  expect(found['mysql/shop rows']).toContain('orders is missing');
  expect(found['mysql/shop events']).toContain('nightly is missing');
}, 120_000);

test('tables that lost rows fail the drill', async () => {
  const snapshot = await subject.craft(async (tree) => {
    await sqlite3(join(tree, 'sqlite/tracker.db'), 'PRAGMA journal_mode = DELETE; DELETE FROM torrents WHERE id <= 5;');
    const dump = join(tree, 'mysql/shop.sql');
    const text = await readFile(dump, 'utf8');
    await writeFile(dump, text.replace(/,\n?\(2,3\)/, ''));
  });
  const { drill } = await subject.verify('tracker', '--snapshot', snapshot);
  expect(complaints(drill)['sqlite/tracker rows']).toMatch(/torrents has \d+ rows, not \d+/);
  expect(complaints(drill)['mysql/shop rows']).toContain('orders has 1 rows, not 2');
  expect(complaints(drill)['mysql/shop load']).toBeUndefined();
}, 120_000);

test('a broken index passes the quick check of the backup, and fails the drill', async () => {
  const path = join(subject.holdfast.directory, 'data/broken.db');
  await sqlite3(path, 'CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (30); CREATE INDEX i ON t (a) WHERE a > 20;');
  // The index now claims to hold every row.
  await sqlite3(
    path,
    ".dbconfig defensive off\nPRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE INDEX i ON t (a)' WHERE name = 'i';",
  );
  const { run } = await subject.holdfast.backup('broken');
  expect(run.outcome).toBe('succeeded');
  const { exitCode, drill } = await subject.verify('broken');
  expect(exitCode).toBe(1);
  expect(Object.keys(complaints(drill))).toEqual(['sqlite/index integrity_check']);
  expect(complaints(drill)['sqlite/index integrity_check']).toContain('missing from index i');
}, 120_000);

test('a query that does not hold and a required file that is not there fail the drill, also from SQL text', async () => {
  await subject.holdfast.backup('expecting');
  const { exitCode, drill } = await subject.verify('expecting');
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

test('a flipped byte in a pack fails the drill, although the archive is whole', async () => {
  const packs = (
    await subject.holdfast.tool('find', [
      join(subject.holdfast.directory, 'repository/data'),
      '-type',
      'f',
      '-printf',
      '%s %p\\n',
    ])
  )
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
  const { exitCode, drill } = await subject.verify('tracker', '--snapshot', subject.good);
  expect({ exitCode, outcome: drill.outcome }).toEqual({ exitCode: 1, outcome: 'fail' });
  expect(Object.keys(complaints(drill))).toEqual(['restore']);
  expect(complaints(drill)['restore']).toMatch(/cannot be restored whole/);
  expect(drill.checks.at(-1)).toMatchObject({ name: expect.stringContaining('archive'), status: 'pass' });
  // No drill of this file passed, so nothing is proven.
  expect(await readdir(join(subject.holdfast.directory, 'state/plans/tracker'))).not.toContain('proven.json');
}, 120_000);
