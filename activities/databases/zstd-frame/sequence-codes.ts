import { buildFseTable, type FseLimits, type FseTable } from './fse-table.ts';

/** What the codes of one of the three numbers of a sequence stand for: a value from `bases` on, by so many `bits` more. */
export interface Codes {
  limits: FseLimits;
  bases: Float64Array;
  bits: Uint8Array;
  /** What a frame may use without describing it. */
  predefined: FseTable;
}

/** Values of codes that follow one another without a gap, from the bits of each. */
function codes(
  bits: readonly number[],
  first: number,
  counts: readonly number[],
  logs: [predefined: number, most: number],
): Codes {
  let base = first;
  const bases = bits.map((width) => {
    const own = base;
    base += 2 ** width;
    return own;
  });
  return {
    limits: { log: logs[1], symbol: bits.length - 1 },
    bases: Float64Array.from(bases),
    bits: Uint8Array.from(bits),
    predefined: buildFseTable(counts, logs[0]),
  };
}

const zeros = (count: number): number[] => Array.from({ length: count }, () => 0);
const ones = (count: number): number[] => Array.from({ length: count }, () => 1);
const last = (count: number): number[] => Array.from({ length: count }, () => -1);

/** RFC 8878, tables 16 and 3.1.1.3.2.2.1. */
export const LITERAL_LENGTHS = codes(
  [...zeros(16), 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
  0,
  [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, ...last(4)],
  [6, 9],
);

/** RFC 8878, tables 17 and 3.1.1.3.2.2.2. */
export const MATCH_LENGTHS = codes(
  [...zeros(32), 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
  3,
  [1, 4, 3, 2, 2, 2, 2, 2, 2, ...ones(37), ...last(7)],
  [6, 9],
);

/** RFC 8878, 3.1.1.3.2.1.1 and 3.1.1.3.2.2.3: a code is the number of its bits. */
export const OFFSETS = codes(
  Array.from({ length: 32 }, (_, code) => code),
  1,
  [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, ...last(5)],
  [5, 8],
);
