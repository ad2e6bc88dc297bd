import { createHash } from 'node:crypto';

/**
 * A fixed number of parts of a database, chosen by chance but by the same one each time: those whose key is lowest. Two samples tell
 * which share of the database differs, however it has grown between them (bottom-k sketch). 90 KB on the disk.
 */
export interface Sample {
  /** Of all parts with a key below this the sample has each. */
  limit: number;
  /** Key (8 hexadecimal digits) and content (12), sorted. */
  entries: string[];
}

/** With so many, 0.8 % are told to a sixth of it, and 0.1 % to half. */
export const SAMPLE_SIZE = 4_096;
/** Keys are below it. */
const KEYS = 2 ** 32;
const KEY_DIGITS = 8;
const CONTENT_DIGITS = 12;
/** Of fewer parts no share is told. */
const FEWEST = 100;

/** Makes a sample of what comes by. */
export class Sketch {
  #limit = KEYS;
  #entries: string[] = [];

  /** Whether a part with this key may become part of the sample: only then its content is worth hashing. */
  wants(key: number): boolean {
    return key < this.#limit;
  }

  /** `key` must be wanted, and evenly spread below 2^32. */
  add(key: number, content: Uint8Array): void {
    const digest = createHash('sha256').update(content).digest('hex').slice(0, CONTENT_DIGITS);
    this.#entries.push(key.toString(16).padStart(KEY_DIGITS, '0') + digest);
    if (this.#entries.length >= 2 * SAMPLE_SIZE) this.#shrink();
  }

  finish(): Sample {
    this.#shrink();
    return { limit: this.#limit, entries: this.#entries };
  }

  #shrink(): void {
    const sorted = [...new Set(this.#entries)].sort();
    this.#entries = sorted.slice(0, SAMPLE_SIZE);
    const beyond = sorted[SAMPLE_SIZE];
    if (beyond === undefined) return;
    this.#limit = keyOf(beyond);
    this.#entries = this.#entries.filter((entry) => keyOf(entry) < this.#limit);
  }
}

/** Share of the parts in `after` that are not in `before`, from 0 to 1; undefined where there are too few to tell. */
export function changedShare(before: Sample, after: Sample): number | undefined {
  const limit = Math.min(before.limit, after.limit);
  const known = new Set(before.entries);
  const comparable = after.entries.filter((entry) => keyOf(entry) < limit);
  if (comparable.length < FEWEST) return undefined;
  return comparable.filter((entry) => !known.has(entry)).length / comparable.length;
}

function keyOf(entry: string): number {
  return Number.parseInt(entry.slice(0, KEY_DIGITS), 16);
}

/** Spreads a number evenly below 2^32 (the finalizer of MurmurHash3). */
export function scatter(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
