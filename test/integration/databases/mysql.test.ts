import { describe, test } from '@jest/globals';
import { describeMysqlFamily } from '../../support/mysql-family.ts';
import { isWithoutMysql, mysqlPrograms, startMysql } from '../../support/mysql-server.ts';

if (isWithoutMysql) {
  describe.skip('MySQL, left out by HOLDFAST_WITHOUT_MYSQL=1', () => {
    test('is not there', () => undefined);
  });
} else {
  describeMysqlFamily({ title: 'MySQL', programs: mysqlPrograms, start: () => startMysql() });
}
