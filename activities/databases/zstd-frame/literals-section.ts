import { HuffmanTable } from './huffman-table.ts';
import { demand } from './unreadable-patch.ts';

/** What a block gives at most (RFC 8878, 3.1.1.2.3). */
export const MAX_BLOCK_BYTES = 128 * 1024;

const RAW = 0;
const RUN = 1;
const COMPRESSED = 2;

/** Bytes of the header and bits of each size, by the size format. */
const PACKED_FORMATS = [
  [3, 10],
  [3, 10],
  [4, 14],
  [5, 18],
] as const;

/** Literals of a block: a part of the block itself, or of the reader's own buffer, which the next block overwrites. */
export interface Literals {
  bytes: Uint8Array;
  /** Index after the section. */
  end: number;
}

/** Reads the literals of blocks (RFC 8878, 3.1.1.3.1); a block may use the code of the one before. */
export class LiteralsReader {
  readonly #own = new Uint8Array(MAX_BLOCK_BYTES);
  readonly #table = new HuffmanTable();

  /** Begins a frame. */
  reset(): void {
    this.#table.forget();
  }

  /** @throws {UnreadablePatch} */
  read(data: Uint8Array, start: number, end: number): Literals {
    const head = data[start] as number;
    const kind = head & 3;
    if (kind === RAW || kind === RUN) return this.#readPlain(data, start, end);
    const [headBytes, sizeBits] = PACKED_FORMATS[(head >> 2) & 3] as (typeof PACKED_FORMATS)[number];
    demand(start + headBytes < end, 'literals that are cut off');
    const sizes = readNumber(data, start, headBytes);
    const bytes = this.#take(Math.floor(sizes / 16) % 2 ** sizeBits);
    const first = start + headBytes;
    const after = first + Math.floor(sizes / 2 ** (4 + sizeBits));
    demand(after <= end, 'literals that are cut off');
    const streams = kind === COMPRESSED ? this.#table.read(data, first, after) : first;
    decodeStreams(this.#table, { data, start: streams, end: after }, { bytes, hasFour: ((head >> 2) & 3) !== 0 });
    return { bytes, end: after };
  }

  /** A run of one byte. @throws {UnreadablePatch} */
  repeat(byte: number, count: number): Uint8Array {
    return this.#take(count).fill(byte);
  }

  #readPlain(data: Uint8Array, start: number, end: number): Literals {
    const head = data[start] as number;
    const format = (head >> 2) & 3;
    const headBytes = format === 1 ? 2 : format === 3 ? 3 : 1;
    demand(start + headBytes <= end, 'literals that are cut off');
    const count = readNumber(data, start, headBytes) >> (headBytes === 1 ? 3 : 4);
    const first = start + headBytes;
    const after = first + ((head & 3) === RUN ? 1 : count);
    demand(after <= end, 'literals that are cut off');
    const bytes = (head & 3) === RUN ? this.repeat(data[first] as number, count) : data.subarray(first, after);
    return { bytes, end: after };
  }

  #take(count: number): Uint8Array {
    demand(count <= MAX_BLOCK_BYTES, 'more literals than a block may have');
    return this.#own.subarray(0, count);
  }
}

function decodeStreams(
  table: HuffmanTable,
  { data, start, end }: { data: Uint8Array; start: number; end: number },
  { bytes, hasFour }: { bytes: Uint8Array; hasFour: boolean },
): void {
  if (!hasFour) return table.decode(data, { start, end }, bytes);
  demand(start + 6 <= end, 'streams of literals that are cut off');
  const quarter = Math.ceil(bytes.length / 4);
  demand(quarter * 3 <= bytes.length, 'streams of literals that do not come out even');
  let from = start + 6;
  for (let stream = 0; stream < 4; stream += 1) {
    const to = stream === 3 ? end : from + readNumber(data, start + 2 * stream, 2);
    demand(to <= end, 'streams of literals that are cut off');
    const target = bytes.subarray(stream * quarter, stream === 3 ? bytes.length : (stream + 1) * quarter);
    table.decode(data, { start: from, end: to }, target);
    from = to;
  }
}

/** Little-endian. */
export function readNumber(data: Uint8Array, start: number, bytes: number): number {
  let value = 0;
  for (let index = bytes - 1; index >= 0; index -= 1) value = value * 256 + (data[start + index] as number);
  return value;
}
