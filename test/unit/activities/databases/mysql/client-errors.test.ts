import { expect, test } from '@jest/globals';
import {
  clientError,
  errorNumbers,
  failureTypeOf,
  meaningfulLines,
} from '../../../../../activities/databases/mysql/client-errors.ts';
import type { Client } from '../../../../../activities/databases/mysql/clients.ts';
import type { MysqlSource } from '../../../../../config/types.ts';

const client: Client = { family: 'mysql', version: '9.7.4', major: 9, queryProgram: 'mysql', dumpProgram: 'mysqldump' };
const source: MysqlSource = {
  kind: 'mysql',
  name: 'tracker',
  address: { kind: 'tcp', host: 'db', port: 3306 },
  user: 'backup',
  password: undefined,
  database: 'my_tracker',
  tls: 'required',
  tlsCa: undefined,
  structureOnly: [],
  maxShrinkRatio: 0.5,
};

const end = (stderr: string, exitCode = 2) => ({ program: 'mysqldump', exitCode, stderr });

test.each([
  ['ERROR 1045 (28000): Access denied for user', 1045, 'AuthRejected'],
  ['ERROR 1045 (28000) at line 2: Access denied for user', 1045, 'AuthRejected'],
  [
    `mariadb-dump: Got error: 1044: "Access denied for user 'a'@'b' to database 'w'" when selecting the database`,
    1044,
    'AuthRejected',
  ],
  ["mysqldump: Couldn't execute 'show create table `v`': SHOW VIEW command denied to user (1142)", 1142, 'AuthRejected'],
  ["ERROR 1698 (28000): Access denied for user 'root'@'localhost'", 1698, 'AuthRejected'],
  ["ERROR 1049 (42000): Unknown database 'nosuch'", 1049, 'SourceMissing'],
  [
    `mariadb-dump: Got error: 2002: "Can't connect to server on '127.0.0.1' (115)" when trying to connect`,
    2002,
    'SourceUnavailable',
  ],
  ["mysqldump: Got error: 2005: Unknown MySQL server host 'x' (-2) when trying to connect", 2005, 'SourceUnavailable'],
  [
    'mysqldump: Error 2013: Lost connection to server during query when dumping table `t` at row: 73084',
    2013,
    'SourceUnavailable',
  ],
  [
    'mysqldump: Error 1412: Table definition has changed, please retry transaction when dumping table `t` at row: 0',
    1412,
    'SourceUnavailable',
  ],
  ['ERROR 2026 (HY000): TLS/SSL error: SSL is required, but the server does not support it', 2026, 'ConfigInvalid'],
  ["ERROR 2059 (HY000): Authentication plugin 'mysql_native_password' cannot be loaded: /x.so: cannot open", 2059, 'ToolMissing'],
])('%s', (stderr, number, type) => {
  expect(errorNumbers(stderr)).toEqual([number]);
  expect(failureTypeOf(end(stderr))).toBe(type);
});

test.each([
  ['mysqldump: Error in field count for table: `whitelist` !  Aborting.', 'SourceUnavailable'],
  ['mysqldump: noview has insufficient privileges to SHOW CREATE PROCEDURE `pp`!', 'AuthRejected'],
  ["mariadb-dump: unknown variable 'set-gtid-purged=OFF'", 'ToolMissing'],
  ["mysqldump: [ERROR] unknown option '--get-server-public-key'.", 'ToolMissing'],
])('%s (no number)', (stderr, type) => {
  expect(failureTypeOf(end(stderr))).toBe(type);
});

test('a killed program is worth another try; what is not known is left to the caller', () => {
  expect(failureTypeOf(end('', 137))).toBe('SourceUnavailable');
  expect(failureTypeOf(end('mysqldump: something new'))).toBeUndefined();
  expect(clientError(source, client, end('mysqldump: something new'), 'DumpRejected')).toMatchObject({
    type: 'DumpRejected',
    message: expect.stringContaining('something new'),
  });
});

test('what the clients always print is left out', () => {
  const noise =
    "mysqldump: Error: 'SELECT command denied to user 'a'@'b' for table 'column_masking_policy'' when trying to dump masking policies";
  expect(
    meaningfulLines(`${noise}\n\nWARNING: option --ssl-verify-server-cert is disabled, because of an insecure login.\nreal`),
  ).toEqual(['real']);
});

test('a refusal names account and place, and the rights that are needed', () => {
  const { message } = clientError(source, client, end('ERROR 1045 (28000): Access denied'), 'DumpRejected');
  expect(message).toContain('mysql/tracker (backup@db:3306)');
  expect(message).toContain("GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON `my\\_tracker`.* TO 'backup'@'%';");
});

test('an unreachable server is named with host and port', () => {
  const { message } = clientError(
    source,
    client,
    end("ERROR 2003 (HY000): Can't connect to MySQL server on 'db' (111)"),
    'DumpRejected',
  );
  expect(message).toContain('no database server answers at db:3306');
});
