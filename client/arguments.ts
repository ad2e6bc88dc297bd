import { InvalidArgumentError } from 'commander';

/** Reads a TCP port from the command line. */
export function parsePort(text: string): number {
  return parseWhole(text, { min: 1, max: 65_535, what: 'a port' });
}

/** Reads a number of rows from the command line. */
export function parseLimit(text: string): number {
  return parseWhole(text, { min: 1, max: 1_000, what: 'a number of runs' });
}

function parseWhole(text: string, { min, max, what }: { min: number; max: number; what: string }): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new InvalidArgumentError(`${what} is a whole number from ${min} to ${max}.`);
}
