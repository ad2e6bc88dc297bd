import { BackwardBits, bitsAt } from './backward-bits.ts';
import { readFseTable } from './fse-table.ts';
import { demand } from './unreadable-patch.ts';

const LONGEST_CODE = 11;
const WEIGHT_LIMITS = { log: 6, symbol: 12 };
const MOST_WEIGHTS = 255;

/** Codes of literals (RFC 8878, 4.2), by the next `log` bits of a stream. */
export interface HuffmanTable {
  log: number;
  symbols: Uint8Array;
  /** Length of each code. */
  lengths: Uint8Array;
}

/** Reads the description of a table. @returns it, and the index after it @throws {UnreadablePatch} */
export function readHuffmanTable(data: Uint8Array, start: number, end: number): [HuffmanTable, number] {
  demand(start < end, 'a Huffman table that is cut off');
  const head = data[start] as number;
  const isDirect = head >= 128;
  const after = start + 1 + (isDirect ? Math.ceil((head - 127) / 2) : head);
  demand(after <= end, 'a Huffman table that is cut off');
  const weights = isDirect ? readDirect(data, start + 1, head - 127) : readCompressed(data, start + 1, after);
  return [buildTable(weights), after];
}

function readDirect(data: Uint8Array, start: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => {
    const byte = data[start + (index >> 1)] as number;
    return index % 2 === 0 ? byte >> 4 : byte & 15;
  });
}

/** Two states take turns, until the bits of one are used up; then the other has the last weight. */
function readCompressed(data: Uint8Array, start: number, end: number): number[] {
  const [table, after] = readFseTable(data, { start, end }, WEIGHT_LIMITS);
  const stream = new BackwardBits();
  stream.open(data, after, end);
  const states = [stream.read(table.log), stream.read(table.log)];
  demand(stream.left >= 0, 'weights of a Huffman table that are cut off');
  const weights: number[] = [];
  for (let turn = 0; ; turn = 1 - turn) {
    const state = states[turn] as number;
    weights.push(table.symbols[state] as number);
    states[turn] = (table.bases[state] as number) + stream.read(table.bits[state] as number);
    if (stream.left < 0) {
      weights.push(table.symbols[states[1 - turn] as number] as number);
      break;
    }
    demand(weights.length < MOST_WEIGHTS, 'a Huffman table with too many symbols');
  }
  demand(weights.length <= MOST_WEIGHTS, 'a Huffman table with too many symbols');
  return weights;
}

/** The weight of the last symbol is what is missing to a power of two. */
function buildTable(weights: number[]): HuffmanTable {
  const sum = weights.reduce((total, weight) => total + (weight > 0 ? 2 ** (weight - 1) : 0), 0);
  const log = 32 - Math.clz32(sum);
  const rest = 2 ** log - sum;
  demand(sum > 0 && log <= LONGEST_CODE && Number.isInteger(Math.log2(rest)), 'a Huffman table that does not come out even');
  const all = [...weights, Math.log2(rest) + 1];
  const table = { log, symbols: new Uint8Array(1 << log), lengths: new Uint8Array(1 << log) };
  let place = 0;
  for (let weight = 1; weight <= log; weight += 1) {
    for (const [symbol, own] of all.entries()) {
      if (own !== weight) continue;
      const after = place + (1 << (weight - 1));
      table.symbols.fill(symbol, place, after);
      table.lengths.fill(log + 1 - weight, place, after);
      place = after;
    }
  }
  return table;
}

/** Decodes one stream, which must give exactly what fits into `target`. @throws {UnreadablePatch} */
export function decodeHuffman(
  { log, symbols, lengths }: HuffmanTable,
  { data, start, end }: { data: Uint8Array; start: number; end: number },
  target: Uint8Array,
): void {
  demand(end > start && data[end - 1] !== 0, 'a stream of literals without its mark');
  const first = start * 8;
  let position = end * 8 - Math.clz32(data[end - 1] as number) + 23;
  for (let index = 0; index < target.length; index += 1) {
    const from = position - log;
    const code = from >= first ? bitsAt(data, from, log) : lastBits(data, first, position, log);
    target[index] = symbols[code] as number;
    position -= lengths[code] as number;
  }
  demand(position === first, 'a stream of literals that does not come out even');
}

/** Before the beginning there are zeros. */
function lastBits(data: Uint8Array, first: number, position: number, log: number): number {
  if (position <= first) return 0;
  return bitsAt(data, first, position - first) << (log - (position - first));
}
