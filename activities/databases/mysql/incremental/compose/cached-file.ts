import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { demand } from '../../../zstd-frame/unreadable-patch.ts';
import { copyBytes } from './copy-bytes.ts';

const CACHE_BYTES = 4 * 1024 ** 2;

/** Size of the blocks that a file is read in: `anywhere` for short pieces from anywhere, `onward` for what goes from its beginning to its end. */
export const BLOCK_BYTES = { anywhere: 4 * 1024, onward: 64 * 1024 };

/** A block is worth reading for short pieces then. */
const OFTEN = 8;

/** Reads pieces of a file, in blocks of which the newest 4 MiB are kept. What was read once must not change. */
export class CachedFile {
  readonly #file: number;
  readonly #blockBytes: number;
  readonly #data = new Uint8Array(CACHE_BYTES);
  readonly #numbers: Int32Array;
  readonly #lengths: Int32Array;
  /** The block that was last asked for in vain, and how often. */
  readonly #wanted: Int32Array;
  readonly #times: Uint8Array;

  /** To be closed. */
  constructor(path: string, order: keyof typeof BLOCK_BYTES) {
    this.#file = openSync(path, 'r');
    this.#blockBytes = BLOCK_BYTES[order];
    this.#numbers = new Int32Array(CACHE_BYTES / this.#blockBytes).fill(-1);
    this.#lengths = new Int32Array(this.#numbers.length);
    this.#wanted = new Int32Array(this.#numbers);
    this.#times = new Uint8Array(this.#numbers.length);
  }

  /** Length of the file as it is now. */
  get bytes(): number {
    return fstatSync(this.#file).size;
  }

  /** @throws {UnreadablePatch} where the file ends before */
  copyTo(target: Uint8Array, at: number, position: number, length: number): void {
    for (let done = 0; done < length; ) {
      const number = Math.floor((position + done) / this.#blockBytes);
      const slot = number % this.#numbers.length;
      if (this.#numbers[slot] !== number) this.#load(number, slot);
      const from = position + done - number * this.#blockBytes;
      const to = Math.min(this.#lengths[slot] as number, from + length - done);
      demand(to > from, 'a copy from beyond the end of a file');
      copyBytes(this.#data, slot * this.#blockBytes + from, to - from, target, at + done);
      done += to - from;
    }
  }

  /** Whether a position is in memory, or is asked for so often that it should be. */
  isAtHand(position: number): boolean {
    const number = Math.floor(position / this.#blockBytes);
    const slot = number % this.#numbers.length;
    if (this.#numbers[slot] === number) return true;
    const times = this.#wanted[slot] === number ? (this.#times[slot] as number) + 1 : 1;
    this.#wanted[slot] = number;
    this.#times[slot] = times;
    return times >= OFTEN;
  }

  close(): void {
    closeSync(this.#file);
  }

  #load(number: number, slot: number): void {
    const start = slot * this.#blockBytes;
    this.#lengths[slot] = readSync(this.#file, this.#data, start, this.#blockBytes, number * this.#blockBytes);
    this.#numbers[slot] = number;
  }
}
