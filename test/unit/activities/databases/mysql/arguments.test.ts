import { expect, test } from '@jest/globals';
import {
  connectionArguments,
  dumpArguments,
  optionFile,
  queryArguments,
} from '../../../../../activities/databases/mysql/arguments.ts';
import type { Client } from '../../../../../activities/databases/mysql/clients.ts';
import type { MysqlSource, MysqlTls } from '../../../../../config/types.ts';

const mariadb: Client = {
  family: 'mariadb',
  version: '10.11.19',
  major: 10,
  queryProgram: 'mariadb',
  dumpProgram: 'mariadb-dump',
};
const mysql: Client = { family: 'mysql', version: '9.7.4', major: 9, queryProgram: 'mysql', dumpProgram: 'mysqldump' };
const mysql57: Client = { ...mysql, version: '5.7.44', major: 5 };

const source: MysqlSource = {
  kind: 'mysql',
  name: 'tracker',
  address: { kind: 'tcp', host: 'db', port: 3307 },
  user: 'backup',
  password: undefined,
  database: 'tracker',
  tls: 'preferred',
  tlsCa: '/ca.pem',
  structureOnly: [],
  maxShrinkRatio: 0.5,
};

const NOTHING = { structureOnly: [], omit: { events: false, routines: false } };

test('a password is quoted and escaped in the option file', () => {
  expect(optionFile('pa$$ "w\\ö\'rd#;')).toBe('[client]\npassword="pa$$ \\"w\\\\ö\'rd#;"\n');
  expect(optionFile('two\nlines')).toBe('[client]\npassword="two\\nlines"\n');
  expect(optionFile(undefined)).toBe('[client]\n');
});

test('the option file comes first, and the address is as configured', () => {
  expect(connectionArguments(source, mariadb).slice(0, 5)).toEqual([
    '--defaults-file=/dev/fd/3',
    '--protocol=tcp',
    '--host=db',
    '--port=3307',
    '--user=backup',
  ]);
  expect(connectionArguments({ ...source, address: { kind: 'socket', path: '/run/s' } }, mariadb)).toEqual([
    '--defaults-file=/dev/fd/3',
    '--protocol=socket',
    '--socket=/run/s',
    '--user=backup',
    '--skip-ssl',
    '--skip-ssl-verify-server-cert',
  ]);
});

test.each<[MysqlTls, string[], string[], string[]]>([
  [
    'disabled',
    ['--skip-ssl', '--skip-ssl-verify-server-cert'],
    ['--ssl-mode=DISABLED', '--get-server-public-key'],
    ['--ssl-mode=DISABLED'],
  ],
  [
    'preferred',
    ['--ssl', '--skip-ssl-verify-server-cert'],
    ['--ssl-mode=PREFERRED', '--get-server-public-key'],
    ['--ssl-mode=PREFERRED'],
  ],
  ['required', ['--ssl', '--skip-ssl-verify-server-cert'], ['--ssl-mode=REQUIRED'], ['--ssl-mode=REQUIRED']],
  [
    'verify',
    ['--ssl', '--ssl-verify-server-cert', '--ssl-ca=/ca.pem'],
    ['--ssl-mode=VERIFY_IDENTITY', '--ssl-ca=/ca.pem'],
    ['--ssl-mode=VERIFY_IDENTITY', '--ssl-ca=/ca.pem'],
  ],
])('tls: %s is said as each client has it', (tls, ofMariadb, ofMysql, ofMysql57) => {
  expect(connectionArguments({ ...source, tls }, mariadb).slice(5)).toEqual(ofMariadb);
  expect(connectionArguments({ ...source, tls }, mysql).slice(5)).toEqual(ofMysql);
  expect(connectionArguments({ ...source, tls }, mysql57).slice(5)).toEqual(ofMysql57);
});

test('only MySQL gets the options that MariaDB does not know, and only from version 8 all of them', () => {
  const options = (client: Client) =>
    dumpArguments(source, client, NOTHING)[0]?.filter((arg) => /gtid|column-statistics/.test(arg));
  expect(options(mariadb)).toEqual([]);
  expect(options(mysql)).toEqual(['--set-gtid-purged=OFF', '--column-statistics=0']);
  expect(options(mysql57)).toEqual(['--set-gtid-purged=OFF']);
});

test('a dump is consistent, complete, the same on each day, and ends with the database', () => {
  const [args = [], ...more] = dumpArguments({ ...source, database: '-odd' }, mariadb, NOTHING);
  expect(more).toEqual([]);
  for (const arg of [
    '--single-transaction',
    '--quick',
    '--routines',
    '--events',
    '--triggers',
    '--hex-blob',
    '--no-tablespaces',
  ]) {
    expect(args).toContain(arg);
  }
  for (const arg of ['--skip-dump-date', '--order-by-primary', '--default-character-set=utf8mb4']) expect(args).toContain(arg);
  expect(args.slice(-2)).toEqual(['--', '-odd']);
});

test('what the account may not read is left out', () => {
  const [args = []] = dumpArguments(source, mysql, { structureOnly: [], omit: { events: true, routines: true } });
  expect(args).toEqual(expect.arrayContaining(['--skip-events', '--skip-routines']));
  expect(args).not.toContain('--events');
  expect(args).not.toContain('--routines');
});

test('MariaDB leaves rows out in one call, MySQL makes the structure in a call of its own', () => {
  const options = { ...NOTHING, structureOnly: ['log', '-x'] };
  const ofMariadb = dumpArguments(source, mariadb, options);
  expect(ofMariadb).toHaveLength(1);
  expect(ofMariadb[0]?.slice(-4)).toEqual(['--ignore-table-data=tracker.log', '--ignore-table-data=tracker.-x', '--', 'tracker']);
  const [structure = [], rows = []] = dumpArguments(source, mysql, options);
  expect(structure.slice(-7)).toEqual(['--no-data', '--skip-routines', '--skip-events', '--', 'tracker', 'log', '-x']);
  expect(rows.slice(-4)).toEqual(['--ignore-table=tracker.log', '--ignore-table=tracker.-x', '--', 'tracker']);
});

test('the query client takes a database whose name looks like an option', () => {
  expect(queryArguments({ ...source, database: '-odd' }, mysql)).toContain('--database=-odd');
});
