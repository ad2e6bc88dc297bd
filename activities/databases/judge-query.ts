import type { VerificationQuery } from '../../config/types.ts';
import { sourceId } from '../../contract/backup.ts';
import type { Check } from '../../contract/verify.ts';

/** What a query gave: its first value, or none at all. */
export type QueryValue = string | number | null | undefined;

const MAX_SQL = 120;
const MAX_VALUE = 200;

/** How a check of an operator's query is named: `sqlite/tracker query: SELECT count(*) FROM torrents`. */
export function queryCheckName({ source, sql }: VerificationQuery): string {
  const text = sql.replaceAll(/\s+/g, ' ').trim();
  return `${sourceId(source)} query: ${text.length > MAX_SQL ? `${text.slice(0, MAX_SQL)}…` : text}`;
}

/** Holds what a query gave against what the operator expects of it. */
export function judgeQuery(query: VerificationQuery, value: QueryValue): Check {
  const rules = rulesOf(query);
  const isMet = rules.every(({ holds }) => holds(value));
  return {
    name: queryCheckName(query),
    status: isMet ? 'pass' : 'fail',
    expected: rules.map(({ text }) => text).join(' and '),
    actual: describeValue(value),
  };
}

/** A query that could not be answered. */
export function failedQuery(query: VerificationQuery, message: string): Check {
  const expected = rulesOf(query)
    .map(({ text }) => text)
    .join(' and ');
  return { name: queryCheckName(query), status: 'fail', expected, actual: 'an error', message };
}

interface Rule {
  text: string;
  holds(this: void, value: QueryValue): boolean;
}

function rulesOf({ equals, atLeast, atMost, notEmpty }: VerificationQuery): Rule[] {
  return [
    ...(equals === undefined ? [] : [{ text: String(equals), holds: (value: QueryValue) => isEqual(value, equals) }]),
    ...(atLeast === undefined ? [] : [{ text: `at least ${atLeast}`, holds: (value: QueryValue) => toNumber(value) >= atLeast }]),
    ...(atMost === undefined ? [] : [{ text: `at most ${atMost}`, holds: (value: QueryValue) => toNumber(value) <= atMost }]),
    ...(notEmpty === true
      ? [{ text: 'not empty', holds: (value: QueryValue) => value !== undefined && value !== null && value !== '' }]
      : []),
  ];
}

/** `1.0` is 1 where a number is expected; a text is compared letter by letter. */
function isEqual(value: QueryValue, expected: string | number): boolean {
  return typeof expected === 'number' ? toNumber(value) === expected : isPresent(value) && String(value) === expected;
}

/** NaN, which fulfils no comparison, for what is no number; `Number('')` would be 0. */
function toNumber(value: QueryValue): number {
  return isPresent(value) && String(value).trim() !== '' ? Number(value) : Number.NaN;
}

function isPresent(value: QueryValue): value is string | number {
  return value !== undefined && value !== null;
}

function describeValue(value: QueryValue): string | number {
  if (value === undefined) return 'no row';
  if (value === null) return 'NULL';
  return typeof value === 'string' && value.length > MAX_VALUE ? `${value.slice(0, MAX_VALUE)}…` : value;
}
