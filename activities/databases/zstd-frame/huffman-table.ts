import { BackwardBits, bitsAt } from './backward-bits.ts';
import { readFseTable } from './fse-table.ts';
import { demand, UnreadablePatch } from './unreadable-patch.ts';

const LONGEST_CODE = 11;
const WEIGHT_LIMITS = { log: 6, symbol: 12 };
const MOST_WEIGHTS = 255;

/** Codes of literals (RFC 8878, 4.2), by the next bits of a stream. Each block that has its own makes it anew, in the same memory. */
export class HuffmanTable {
  readonly #symbols = new Uint8Array(1 << LONGEST_CODE);
  /** Length of each code. */
  readonly #lengths = new Uint8Array(1 << LONGEST_CODE);
  /** Bits of the longest code; 0 before there is a table. */
  #log = 0;
  readonly #weights = new Uint8Array(MOST_WEIGHTS + 1);
  readonly #stream = new BackwardBits();

  forget(): void {
    this.#log = 0;
  }

  /** Reads the description of a table. @returns the index after it @throws {UnreadablePatch} */
  read(data: Uint8Array, start: number, end: number): number {
    demand(start < end, 'a Huffman table that is cut off');
    const head = data[start] as number;
    const isDirect = head >= 128;
    const after = start + 1 + (isDirect ? Math.ceil((head - 127) / 2) : head);
    demand(after <= end, 'a Huffman table that is cut off');
    this.#build(isDirect ? this.#readDirect(data, start + 1, head - 127) : this.#readCompressed(data, start + 1, after));
    return after;
  }

  /** Decodes one stream, which must give exactly what fits into `target`. @throws {UnreadablePatch} */
  decode(data: Uint8Array, { start, end }: { start: number; end: number }, target: Uint8Array): void {
    demand(this.#log > 0, 'literals without a code');
    demand(end > start && data[end - 1] !== 0, 'a stream of literals without its mark');
    const [log, symbols, lengths] = [this.#log, this.#symbols, this.#lengths];
    const first = start * 8;
    let position = end * 8 - Math.clz32(data[end - 1] as number) + 23;
    for (let index = 0; index < target.length; index += 1) {
      const from = position - log;
      const code = from >= first ? bitsAt(data, from, log) : lastBits(data, { first, position }, log);
      target[index] = symbols[code] as number;
      position -= lengths[code] as number;
    }
    demand(position === first, 'a stream of literals that does not come out even');
  }

  #readDirect(data: Uint8Array, start: number, count: number): number {
    for (let index = 0; index < count; index += 1) {
      const byte = data[start + (index >> 1)] as number;
      this.#weights[index] = index % 2 === 0 ? byte >> 4 : byte & 15;
    }
    return count;
  }

  /** Two states take turns, until the bits of one are used up; then the other has the last weight. */
  #readCompressed(data: Uint8Array, start: number, end: number): number {
    const [table, after] = readFseTable(data, { start, end }, WEIGHT_LIMITS);
    const stream = this.#stream;
    stream.open(data, after, end);
    let state = stream.read(table.log);
    let other = stream.read(table.log);
    demand(stream.left >= 0, 'weights of a Huffman table that are cut off');
    for (let count = 0; count < MOST_WEIGHTS - 1; count += 1) {
      this.#weights[count] = table.symbols[state] as number;
      const next = (table.bases[state] as number) + stream.read(table.bits[state] as number);
      state = other;
      other = next;
      if (stream.left >= 0) continue;
      this.#weights[count + 1] = table.symbols[state] as number;
      return count + 2;
    }
    throw new UnreadablePatch('a Huffman table with too many symbols');
  }

  /** The weight of the last symbol is what is missing to a power of two. */
  #build(count: number): void {
    const weights = this.#weights;
    let sum = 0;
    for (let symbol = 0; symbol < count; symbol += 1) sum += (1 << (weights[symbol] as number)) >> 1;
    const log = 32 - Math.clz32(sum);
    const rest = (1 << log) - sum;
    demand(sum > 0 && log <= LONGEST_CODE && (rest & (rest - 1)) === 0, 'a Huffman table that does not come out even');
    weights[count] = 32 - Math.clz32(rest);
    this.#log = log;
    let place = 0;
    for (let weight = 1; weight <= log; weight += 1) {
      for (let symbol = 0; symbol <= count; symbol += 1) {
        if (weights[symbol] === weight) place = this.#fill(symbol, place, weight);
      }
    }
  }

  #fill(symbol: number, place: number, weight: number): number {
    const after = place + (1 << (weight - 1));
    for (let code = place; code < after; code += 1) {
      this.#symbols[code] = symbol;
      this.#lengths[code] = this.#log + 1 - weight;
    }
    return after;
  }
}

/** Before the beginning there are zeros. */
function lastBits(data: Uint8Array, { first, position }: { first: number; position: number }, log: number): number {
  if (position <= first) return 0;
  return bitsAt(data, first, position - first) << (log - (position - first));
}
