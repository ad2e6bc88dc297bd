import { expect, test } from '@jest/globals';
import { missingPrivileges, readRights } from '../../../../../activities/databases/mysql/grants.ts';

const USAGE = "GRANT USAGE ON *.* TO `b`@`%` IDENTIFIED BY PASSWORD '*A28F'";

test.each<[string, string[]]>([
  ['GRANT ALL PRIVILEGES ON *.* TO `b`@`%` WITH GRANT OPTION', []],
  ['GRANT ALL PRIVILEGES ON `my\\_db`.* TO `b`@`%`', []],
  ['GRANT SELECT, SHOW VIEW, EVENT, TRIGGER ON `my_db`.* TO `b`@`%`', []],
  ['GRANT SELECT, SHOW VIEW, EVENT, TRIGGER ON `my%`.* TO `b`@`%`', []],
  ['GRANT SELECT, SHOW VIEW ON `my_db`.* TO `b`@`%`', ['TRIGGER', 'EVENT']],
  ['GRANT SELECT, SHOW VIEW, EVENT, TRIGGER ON `my\\_dbx`.* TO `b`@`%`', ['SELECT', 'SHOW VIEW', 'TRIGGER', 'EVENT']],
  ['GRANT SELECT, SHOW VIEW, EVENT, TRIGGER ON `myxdb`.* TO `b`@`%`', ['SELECT', 'SHOW VIEW', 'TRIGGER', 'EVENT']],
  ['GRANT SELECT ON `my_db`.`t` TO `b`@`%`', ['SELECT', 'SHOW VIEW', 'TRIGGER', 'EVENT']],
  ['GRANT SELECT (`a`, `b`), SHOW VIEW ON `my_db`.* TO `b`@`%`', ['SELECT', 'TRIGGER', 'EVENT']],
])('%s', (grant, missing) => {
  expect(missingPrivileges(readRights([USAGE, grant], 'my_db'))).toEqual(missing);
});

test('where a role or a partial revoke is at work nothing is claimed', () => {
  expect(missingPrivileges(readRights([USAGE, 'GRANT `reader`@`%` TO `b`@`%`'], 'my_db'))).toEqual([]);
  expect(missingPrivileges(readRights([USAGE, 'REVOKE SELECT ON `my_db`.* FROM `b`@`%`'], 'my_db'))).toEqual([]);
});

test.each([
  ['GRANT SELECT ON `my_db`.* TO `b`@`%`', false, false],
  ['GRANT EXECUTE ON `my_db`.* TO `b`@`%`', false, true],
  ['GRANT SELECT ON `mysql`.`proc` TO `b`@`%`', true, true],
  ['GRANT SELECT ON `mysql`.* TO `b`@`%`', true, true],
  ['GRANT SHOW_ROUTINE ON *.* TO `b`@`%`', true, true],
  ['GRANT ALL PRIVILEGES ON *.* TO `b`@`%`', true, true],
])('routines: %s', (grant, canRead, canSee) => {
  expect(readRights([USAGE, grant], 'my_db')).toMatchObject({ canReadRoutines: canRead, canSeeRoutines: canSee });
});
