import { BackwardBits } from './backward-bits.ts';
import { type FseTable, readFseTable, singleTable } from './fse-table.ts';
import { type Codes, LITERAL_LENGTHS, MATCH_LENGTHS, OFFSETS } from './sequence-codes.ts';
import { demand } from './unreadable-patch.ts';

/** The largest number that the head of a section can say. */
const MAX_SEQUENCES = 0xffff + 0x7f00;

/** What a block does, step by step: so many literals, then a copy of so many bytes from so far back. */
export class Sequences {
  readonly literals = new Uint32Array(MAX_SEQUENCES);
  readonly lengths = new Uint32Array(MAX_SEQUENCES);
  readonly offsets = new Float64Array(MAX_SEQUENCES);
  count = 0;
}

/** One of the three numbers of a sequence: its table, and where that stands. */
class Column {
  readonly codes: Codes;
  #table: FseTable | undefined;
  #state = 0;

  constructor(codes: Codes) {
    this.codes = codes;
  }

  /** Takes the table that a block names by a mode. @returns the index after its description */
  prepare(mode: number, data: Uint8Array, { start, end }: { start: number; end: number }): number {
    if (mode === 3) {
      demand(this.#table !== undefined, 'a block that repeats a table that was never there');
      return start;
    }
    if (mode === 0) {
      this.#table = this.codes.predefined;
      return start;
    }
    let after = start + 1;
    if (mode === 2) [this.#table, after] = readFseTable(data, { start, end }, this.codes.limits);
    else this.#table = singleTable(data[start] as number);
    demand(after <= end && (mode === 2 || (data[start] as number) <= this.codes.limits.symbol), 'a table that is not valid');
    return after;
  }

  reset(): void {
    this.#table = undefined;
  }

  begin(stream: BackwardBits): void {
    this.#state = stream.read((this.#table as FseTable).log);
  }

  read(stream: BackwardBits): number {
    const code = (this.#table as FseTable).symbols[this.#state] as number;
    return (this.codes.bases[code] as number) + stream.read(this.codes.bits[code] as number);
  }

  advance(stream: BackwardBits): void {
    const { bases, bits } = this.#table as FseTable;
    this.#state = (bases[this.#state] as number) + stream.read(bits[this.#state] as number);
  }
}

/** Reads the sequences of blocks (RFC 8878, 3.1.1.3.2). Tables and the last three offsets stay from block to block. */
export class SequencesReader {
  readonly sequences = new Sequences();
  readonly #literals = new Column(LITERAL_LENGTHS);
  readonly #offsets = new Column(OFFSETS);
  readonly #lengths = new Column(MATCH_LENGTHS);
  readonly #stream = new BackwardBits();
  #recent: [number, number, number] = [1, 4, 8];

  /** Begins a frame. */
  reset(): void {
    for (const column of [this.#literals, this.#offsets, this.#lengths]) column.reset();
    this.#recent = [1, 4, 8];
  }

  /** Reads into {@link sequences}. @throws {UnreadablePatch} */
  read(data: Uint8Array, start: number, end: number): void {
    const first = this.#readCount(data, start, end);
    if (this.sequences.count === 0) return demand(first === end, 'a block that goes on after its end');
    demand(first < end, 'sequences that are cut off');
    const modes = data[first] as number;
    demand((modes & 3) === 0, 'sequences of an unknown kind');
    let after = this.#literals.prepare(modes >> 6, data, { start: first + 1, end });
    after = this.#offsets.prepare((modes >> 4) & 3, data, { start: after, end });
    after = this.#lengths.prepare((modes >> 2) & 3, data, { start: after, end });
    this.#stream.open(data, after, end);
    this.#decode();
  }

  #readCount(data: Uint8Array, start: number, end: number): number {
    const head = data[start] as number;
    const bytes = head < 128 ? 1 : head < 255 ? 2 : 3;
    demand(start + bytes <= end, 'sequences that are cut off');
    const [next, third] = [data[start + 1] as number, data[start + 2] as number];
    if (bytes === 1) this.sequences.count = head;
    else this.sequences.count = bytes === 2 ? (head - 128) * 256 + next : next + third * 256 + 0x7f00;
    return start + bytes;
  }

  #decode(): void {
    const { count, literals, lengths, offsets } = this.sequences;
    const stream = this.#stream;
    for (const column of [this.#literals, this.#offsets, this.#lengths]) column.begin(stream);
    for (let index = 0; index < count; index += 1) {
      const offset = this.#offsets.read(stream);
      lengths[index] = this.#lengths.read(stream);
      const run = this.#literals.read(stream);
      literals[index] = run;
      offsets[index] = offset > 3 ? this.#note(offset - 3, 2) : this.#recall(run === 0 ? offset : offset - 1);
      if (index === count - 1) break;
      this.#literals.advance(stream);
      this.#lengths.advance(stream);
      this.#offsets.advance(stream);
    }
    demand(stream.left === 0, 'sequences that do not come out even');
  }

  /** One of the last three offsets; 3 stands for one less than the last. */
  #recall(place: number): number {
    const [last, second, third] = this.#recent;
    const offset = place === 0 ? last : place === 1 ? second : place === 2 ? third : last - 1;
    demand(offset > 0, 'a copy of nothing');
    return this.#note(offset, place);
  }

  /** Puts an offset first; it was at `place` before, from 0. */
  #note(offset: number, place: number): number {
    const recent = this.#recent;
    if (place > 1) recent[2] = recent[1];
    if (place > 0) recent[1] = recent[0];
    recent[0] = offset;
    return offset;
  }
}
