import { bitsAt } from './backward-bits.ts';
import { demand } from './unreadable-patch.ts';

/** A decoding table of finite state entropy (RFC 8878, 4.1): what each state stands for, and where it leads. */
export interface FseTable {
  /** Bits of a state. */
  log: number;
  symbols: Uint8Array;
  /** Bits to read for the next state, and what they are added to. */
  bits: Uint8Array;
  bases: Uint16Array;
}

/** What a table may have at most. */
export interface FseLimits {
  log: number;
  symbol: number;
}

/** A table of which each state is one symbol. */
export function singleTable(symbol: number): FseTable {
  return { log: 0, symbols: Uint8Array.of(symbol), bits: new Uint8Array(1), bases: new Uint16Array(1) };
}

/** Reads a table's description. @returns it, and the index after it @throws {UnreadablePatch} */
export function readFseTable(data: Uint8Array, range: { start: number; end: number }, limits: FseLimits): [FseTable, number] {
  const log = 5 + ((data[range.start] as number) & 15);
  demand(range.end > range.start && log <= limits.log, 'an FSE table that is too large');
  const counts: number[] = [];
  let position = range.start * 8 + 4;
  for (let remaining = 1 << log; remaining > 0; ) {
    demand(counts.length <= limits.symbol, 'an FSE table with too many symbols');
    demand(position < range.end * 8, 'an FSE table that is cut off');
    const [count, width] = readCount(data, position, remaining);
    position += width;
    counts.push(count);
    remaining -= Math.abs(count);
    if (count === 0) position = skipZeros(data, position, { counts, range, limits });
  }
  const end = Math.ceil(position / 8);
  demand(end <= range.end, 'an FSE table that is cut off');
  return [buildFseTable(counts, log), end];
}

/** A share of `remaining`, which takes one bit less where it is small; and the bits that it takes. */
function readCount(data: Uint8Array, position: number, remaining: number): [number, number] {
  const width = 32 - Math.clz32(remaining + 1);
  const value = bitsAt(data, position, width);
  const low = value & ((1 << (width - 1)) - 1);
  const threshold = (1 << width) - 2 - remaining;
  if (low < threshold) return [low - 1, width - 1];
  return [value >= 1 << (width - 1) ? value - threshold - 1 : value - 1, width];
}

function skipZeros(
  data: Uint8Array,
  position: number,
  { counts, range, limits }: { counts: number[]; range: { end: number }; limits: FseLimits },
): number {
  for (let at = position; ; at += 2) {
    demand(at < range.end * 8 && counts.length <= limits.symbol + 1, 'an FSE table with too many zeros');
    const zeros = bitsAt(data, at, 2);
    for (let index = 0; index < zeros; index += 1) counts.push(0);
    if (zeros < 3) return at + 2;
  }
}

/** Spreads symbols over the states. A count of -1 stands for less than one. */
export function buildFseTable(counts: readonly number[], log: number): FseTable {
  const size = 1 << log;
  const table = { log, symbols: new Uint8Array(size), bits: new Uint8Array(size), bases: new Uint16Array(size) };
  spread(table.symbols, counts);
  const next = counts.map((count) => Math.abs(count));
  for (let state = 0; state < size; state += 1) {
    const symbol = table.symbols[state] as number;
    const place = next[symbol] as number;
    next[symbol] = place + 1;
    const bits = log - 31 + Math.clz32(place);
    table.bits[state] = bits;
    table.bases[state] = (place << bits) - size;
  }
  return table;
}

function spread(symbols: Uint8Array, counts: readonly number[]): void {
  const size = symbols.length;
  let high = size;
  for (const [symbol, count] of counts.entries()) if (count === -1) symbols[--high] = symbol;
  const step = (size >> 1) + (size >> 3) + 3;
  let place = 0;
  for (const [symbol, count] of counts.entries()) {
    for (let index = 0; index < count; index += 1) {
      symbols[place] = symbol;
      do place = (place + step) & (size - 1);
      while (place >= high);
    }
  }
  demand(place === 0, 'an FSE table that does not come out even');
}
