import { expect, test } from '@jest/globals';
import { compareRows } from '../../../../activities/databases/compare-rows.ts';

test('the same rows pass', () => {
  expect(compareRows('rows', { a: 1, b: 0 }, { b: 0, a: 1 })).toEqual({
    name: 'rows',
    status: 'pass',
    expected: '2 tables, 1 rows',
    actual: '2 tables, 1 rows',
  });
});

test('each table that differs is named with what it should have', () => {
  const { status, message } = compareRows('rows', { lost: 3, gone: 1, same: 2 }, { lost: 2, same: 2, extra: 0 });
  expect(status).toBe('fail');
  expect(message).toBe('extra is not in the manifest; gone is missing or cannot be counted (1 rows); lost has 2 rows, not 3');
});

test('of many differences 20 are named', () => {
  const many = Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`t${index}`, 1]));
  const { message } = compareRows('rows', many, {});
  expect(message?.split('; ')).toHaveLength(21);
  expect(message).toMatch(/; and 5 more$/);
});
