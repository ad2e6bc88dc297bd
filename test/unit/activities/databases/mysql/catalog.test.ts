import { expect, test } from '@jest/globals';
import { estimateDumpBytes, readCatalog } from '../../../../../activities/databases/mysql/catalog.ts';
import { findConcerns, necessaryOmissions } from '../../../../../activities/databases/mysql/concerns.ts';
import { emptyContents } from '../../../../../activities/databases/mysql/dump-contents.ts';
import { compareTables, listNames, missingObjects } from '../../../../../activities/databases/mysql/verify-dump.ts';
import type { MysqlSource } from '../../../../../config/types.ts';

const OUTPUT = [
  'server\t10.11.19-MariaDB-0+deb12u1\tDebian 12\tback@up@%',
  'Ssl_cipher\tTLS_AES_128_GCM_SHA256',
  'relation\ta\\tb\\\\n\tBASE TABLE\tInnoDB\t10\t16384',
  'relation\told\tBASE TABLE\tMyISAM\t0\t100',
  'relation\tpast\tSYSTEM VERSIONED\tInnoDB\t1\t100',
  'relation\tseq\tSEQUENCE\tInnoDB\t1\t100',
  'relation\tv\tVIEW\t\t0\t0',
  'binary\told',
  'trigger\ttr',
  'routine\tprocedure\tp\t1',
  'routine\tfunction\tf\t0',
  'GRANT USAGE ON *.* TO `b`@`%`',
  'GRANT SELECT, EXECUTE ON `db`.* TO `b`@`%`',
  '',
].join('\n');

const catalog = readCatalog(OUTPUT, 'db');
const source: MysqlSource = {
  kind: 'mysql',
  name: 'x',
  address: { kind: 'socket', path: '/s' },
  user: 'b',
  password: undefined,
  database: 'db',
  tls: 'preferred',
  tlsCa: undefined,
  structureOnly: [],
  maxShrinkRatio: 0.5,
};

test("the query client's answer is read with its escapes", () => {
  expect(catalog).toMatchObject({
    family: 'mariadb',
    version: '10.11.19-MariaDB-0+deb12u1',
    account: "'back@up'@'%'",
    cipher: 'TLS_AES_128_GCM_SHA256',
    views: ['v'],
    triggers: ['tr'],
    events: [],
    routines: ['procedure p', 'function f'],
    unreadableRoutines: ['procedure p'],
  });
  expect(catalog.tables.map(({ name, hasBinary }) => [name, hasBinary])).toEqual([
    ['a\tb\\n', false],
    ['old', true],
    ['past', false],
  ]);
  expect(readCatalog('server\t9.7.4-2\t(Debian)\tb@%', 'db').family).toBe('mysql');
});

test('concerns name tables, privileges and routines, and what cannot be dumped is left out', () => {
  expect(findConcerns(source, catalog).map(({ message }) => message)).toEqual([
    expect.stringContaining('old (MyISAM)'),
    expect.stringContaining('history of their rows: past'),
    expect.stringContaining('SHOW VIEW'),
    expect.stringContaining('TRIGGER'),
    expect.stringContaining('EVENT'),
    expect.stringContaining('procedure p'),
  ]);
  expect(necessaryOmissions(catalog)).toEqual({ events: true, routines: true });
});

test('a table that a dump lacks or has too many is found', () => {
  const contents = { ...emptyContents(), tables: new Set(['a\tb\\n', 'old', 'new']) };
  expect(compareTables(contents, catalog)).toEqual({ missing: ['past'], unexpected: ['new'] });
  expect(compareTables({ ...contents, tables: new Set(catalog.tables.map(({ name }) => name)) }, catalog)).toBeUndefined();
});

test('views, triggers and routines that a dump lacks are warned of, but not those that nobody could read', () => {
  const contents = { ...emptyContents(), views: new Set(['v']) };
  expect(missingObjects(source, contents, catalog)).toEqual([
    'mysql/x (b@/s): the dump lacks the triggers tr',
    'mysql/x (b@/s): the dump lacks the routines function f',
  ]);
});

test('an estimate doubles what is written in hexadecimal and leaves out what is not dumped', () => {
  const all = estimateDumpBytes(catalog, []);
  expect(all).toBeGreaterThan(16_384 * 1.5 + 100 * 2);
  expect(all - estimateDumpBytes(catalog, ['old'])).toBe(210);
});

test('long lists are cut', () => {
  expect(listNames(['a', 'b', 'c', 'd', 'e'])).toBe('a, b, c, d, e');
  expect(listNames(['a', 'b', 'c', 'd', 'e', 'f', 'g'])).toBe('a, b, c, d, e and 2 more');
});
