import { expect, test } from '@jest/globals';
import { cronProblem, nextWallTime } from '../../../config/cron.ts';

test.each([
  '0 3 * * *',
  '*/15 1-5,9 * * mon-fri',
  '0 0 1 jan,JUL *',
  '0 0 * * 7',
  '1-50/7 * * * *',
  '@hourly',
  '@midnight',
  '0 0 29 2 1',
])('%s is sound', (cron) => expect(cronProblem(cron)).toBeUndefined());

test.each([
  ['', 'has 1 fields and not 5'],
  ['0 3 * *', 'has 4 fields and not 5'],
  ['@Daily', 'is no shorthand'],
  ['@every 6h', 'is no shorthand'],
  ['60 0 * * *', 'is no cron expression'],
  ['0 22-2 * * *', 'is no cron expression'],
  ['*/0 * * * *', 'is no cron expression'],
  ['0 0 31 2 *', 'never fires'],
  ['0 0 31 4,6,9,11 *', 'never fires'],
  // Extensions that Temporal refuses or, worse, takes for something else.
  ['0 0 * * 5#2', '"5#2" cannot be read'],
  ['0 0 L * *', '"L" cannot be read'],
  ['0 0 15W * *', '"15W" cannot be read'],
  ['0 0 ? * *', '"?" cannot be read'],
  ['5/10 * * * *', '"5/10" cannot be read'],
  ['0 0 * * monday', '"monday" cannot be read'],
  ['0 0 * * fri-sun', 'is written with 7'],
])('"%s" is refused', (cron, message) => {
  expect(cronProblem(cron)).toContain(message);
});

test('day of month and weekday must both fit, as Temporal has it', () => {
  const friday13 = nextWallTime('0 0 13 * 5', Date.UTC(2026, 0, 1));
  expect(new Date(friday13 ?? 0).toISOString()).toBe('2026-02-13T00:00:00.000Z');
});

test('the time asked from counts too', () => {
  const from = Date.UTC(2026, 0, 1, 3);
  expect(nextWallTime('0 3 * * *', from)).toBe(from);
});
