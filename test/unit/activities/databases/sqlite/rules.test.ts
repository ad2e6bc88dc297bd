import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { databaseUri, quoteName } from '../../../../../activities/databases/sqlite/connection.ts';
import type { DatabaseFile } from '../../../../../activities/databases/sqlite/database-file.ts';
import { judge } from '../../../../../activities/databases/sqlite/examine.ts';
import { createSqliteDatabase } from '../../../../../activities/databases/sqlite/index.ts';
import { isOlder } from '../../../../../activities/databases/sqlite/sqlite-version.ts';
import { requireShortStall } from '../../../../../activities/databases/sqlite/writer-stall.ts';
import { createPrograms } from '../../../../../process/programs.ts';
import { createTestContext, withDirectory } from '../../../../support/phase-context.ts';
import { sqliteSource } from '../../../../support/sqlite-source.ts';

const MIB = 1024 ** 2;

function file(settings: Partial<DatabaseFile>): DatabaseFile {
  return {
    bytes: MIB,
    walBytes: 0,
    isWal: false,
    identity: '1:1',
    original: { uid: 0, gid: 0, mode: '0600' },
    modifiedAt: new Date(0),
    ...settings,
  };
}

test('a path becomes a URI in which no character has a meaning of its own', () => {
  expect(databaseUri('/a b/c?mode=memory#x%20é.db', 'rw')).toBe('file:/a%20b/c%3Fmode%3Dmemory%23x%2520%C3%A9.db?mode=rw');
  expect(databaseUri('/a.db', 'immutable')).toBe('file:/a.db?mode=ro&immutable=1');
});

test('a name stays one identifier whatever it holds', () => {
  expect(quoteName('a"; DROP TABLE b; --')).toBe('"a""; DROP TABLE b; --"');
});

test.each([
  ['3.32.3', true],
  ['3.33', false],
  ['3.33.0', false],
  ['3.9.2', true],
  ['3.40.1', false],
  ['4.0.0', false],
])('version %s is older than 3.33.0: %s', (version, expected) => {
  expect(isOlder(version, '3.33.0')).toBe(expected);
});

test('a rollback journal holds writers up for at most 4 s unless that is accepted', () => {
  const source = sqliteSource('/data/tracker.db');
  const refusal = expect.objectContaining({
    type: 'ConfigInvalid',
    message: expect.stringMatching(/sqlite\/tracker.*601 MiB.*about 5 s.*PRAGMA journal_mode=WAL.*allow_writer_stall: true/s),
  });
  expect(() => requireShortStall(source, file({ bytes: 600 * MIB }))).not.toThrow();
  expect(() => requireShortStall(source, file({ bytes: 601 * MIB }))).toThrow(refusal);
  expect(() => requireShortStall(source, file({ bytes: 9_000 * MIB, isWal: true }))).not.toThrow();
  expect(() => requireShortStall({ ...source, allowWriterStall: true }, file({ bytes: 9_000 * MIB }))).not.toThrow();
});

test('the slower ways to dump reach that limit earlier', () => {
  const of = (method: 'vacuum_into' | 'sql') => sqliteSource('/data/tracker.db', { method });
  expect(() => requireShortStall(of('vacuum_into'), file({ bytes: 401 * MIB }))).toThrow(/writers/);
  expect(() => requireShortStall(of('sql'), file({ bytes: 161 * MIB }))).toThrow(/writers/);
});

test('examining warns of a stall and of a log that was never written back', () => {
  const source = sqliteSource('/data/tracker.db');
  const warning = (message: RegExp) => expect.objectContaining({ level: 'warning', message: expect.stringMatching(message) });
  expect(judge(source, file({ bytes: 2_000 * MIB }))).toEqual([warning(/wait about 14 s .* refused/)]);
  expect(judge({ ...source, allowWriterStall: true }, file({ bytes: 2_000 * MIB }))).toEqual([warning(/accepted/)]);
  expect(judge(source, file({ bytes: 500 * MIB, walBytes: 1_025 * MIB, isWal: true }))).toEqual([
    warning(/WAL has grown to 1025/),
  ]);
  expect(judge(source, file({ bytes: 500 * MIB, walBytes: 999 * MIB, isWal: true }))).toEqual([]);
  expect(judge(source, file({ bytes: 900 * MIB, walBytes: 1_700 * MIB, isWal: true }))).toEqual([]);
});

test('a sqlite3 that is too old is refused and found a problem', async () => {
  await withDirectory(async (directory) => {
    await writeFile(join(directory, 'sqlite3'), '#!/bin/sh\necho "3.26.0 2018-12-01 12:34:55 bf8c1b2b"\n');
    await chmod(join(directory, 'sqlite3'), 0o755);
    const database = createSqliteDatabase(createPrograms({ PATH: directory }));
    const source = sqliteSource(join(directory, 'any.db'));
    const dump = database.dump(source, join(directory, 'dump.db'), createTestContext());
    await expect(dump).rejects.toMatchObject({
      type: 'ToolMissing',
      message: expect.stringMatching(/3\.26\.0 is too old: 3\.33\.0/),
    });
    expect(await database.examine(source, createTestContext())).toMatchObject([
      { level: 'problem', message: expect.stringMatching(/3\.26\.0 is too old/) },
    ]);
  });
});

test('a sqlite3 that is not there is found a problem that says what to install', async () => {
  const database = createSqliteDatabase(createPrograms({ PATH: '/nowhere' }));
  expect(await database.examine(sqliteSource('/data/tracker.db'), createTestContext())).toMatchObject([
    { level: 'problem', advice: expect.stringMatching(/Install sqlite3/) },
  ]);
});
