import { expect, test } from '@jest/globals';
import { judgeQuery, type QueryValue } from '../../../../activities/databases/judge-query.ts';
import type { VerificationQuery } from '../../../../config/types.ts';

type Assertions = Pick<VerificationQuery, 'equals' | 'atLeast' | 'atMost' | 'notEmpty'>;

const judge = (assertions: Assertions, value: QueryValue) =>
  judgeQuery({ source: { kind: 'sqlite', name: 'tracker' }, sql: 'SELECT  1', ...assertions }, value);

test.each<[Assertions, QueryValue, 'pass' | 'fail']>([
  [{ equals: 3 }, 3, 'pass'],
  [{ equals: 3 }, '3.0', 'pass'],
  [{ equals: 3 }, '', 'fail'],
  [{ equals: 0 }, null, 'fail'],
  [{ equals: 0 }, '', 'fail'],
  [{ equals: 'a' }, 'a', 'pass'],
  [{ equals: 'a' }, 'A', 'fail'],
  [{ equals: 'undefined' }, undefined, 'fail'],
  [{ equals: 'null' }, null, 'fail'],
  [{ atLeast: 1 }, '1', 'pass'],
  [{ atLeast: 1 }, 0, 'fail'],
  [{ atLeast: -1 }, null, 'fail'],
  [{ atLeast: -1 }, 'abc', 'fail'],
  [{ atMost: 5 }, 5, 'pass'],
  [{ atMost: 5 }, 6, 'fail'],
  [{ atMost: 5 }, undefined, 'fail'],
  [{ atLeast: 1, atMost: 5 }, 6, 'fail'],
  [{ notEmpty: true }, 'x', 'pass'],
  [{ notEmpty: true }, 0, 'pass'],
  [{ notEmpty: true }, '', 'fail'],
  [{ notEmpty: true }, null, 'fail'],
  [{ notEmpty: true }, undefined, 'fail'],
])('%j of %j: %s', (assertions, value, status) => {
  expect(judge(assertions, value).status).toBe(status);
});

test('a check says what was asked, expected and found', () => {
  expect(judge({ atLeast: 1, atMost: 5 }, undefined)).toEqual({
    name: 'sqlite/tracker query: SELECT 1',
    status: 'fail',
    expected: 'at least 1 and at most 5',
    actual: 'no row',
  });
});
