import type { Check } from '../../contract/verify.ts';

type RowCounts = Readonly<Record<string, number>>;

const MAX_DIFFERENCES = 20;

/** Compares rows per table with those that the manifest counted when the dump was made. */
export function compareRows(name: string, expected: RowCounts, actual: RowCounts): Check {
  const tables = [...new Set([...Object.keys(expected), ...Object.keys(actual)])].sort();
  const differences = tables.flatMap((table) => {
    const [before, after] = [expected[table], actual[table]];
    if (before === after) return [];
    if (after === undefined) return [`${table} is missing or cannot be counted (${before} rows)`];
    return [before === undefined ? `${table} is not in the manifest` : `${table} has ${after} rows, not ${before}`];
  });
  return {
    name,
    status: differences.length === 0 ? 'pass' : 'fail',
    expected: describe(expected),
    actual: describe(actual),
    ...(differences.length === 0 ? {} : { message: listSome(differences) }),
  };
}

/** The first 20 of a list, and how many more there are. */
export function listSome(items: readonly string[]): string {
  const more = items.length > MAX_DIFFERENCES ? `; and ${items.length - MAX_DIFFERENCES} more` : '';
  return `${items.slice(0, MAX_DIFFERENCES).join('; ')}${more}`;
}

function describe(counts: RowCounts): string {
  const numbers = Object.values(counts);
  const rows = numbers.reduce((sum, count) => sum + count, 0);
  return `${numbers.length} tables, ${rows} rows`;
}
