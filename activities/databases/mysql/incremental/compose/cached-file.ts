import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { demand } from '../../../zstd-frame/unreadable-patch.ts';
import { copyBytes } from './copy-bytes.ts';

/** What is appended to a file is written in multiples of it, so that a block that was read is whole. */
export const BLOCK_BYTES = 64 * 1024;
const SLOTS = 64;

interface CachedBlock {
  number: number;
  data: Uint8Array;
  bytes: number;
}

/** Reads a file in any order, in blocks of which the newest 4 MiB are kept. */
export class CachedFile {
  readonly #file: number;
  readonly #blocks: CachedBlock[] = Array.from({ length: SLOTS }, () => ({
    number: -1,
    data: new Uint8Array(BLOCK_BYTES),
    bytes: 0,
  }));

  constructor(path: string) {
    this.#file = openSync(path, 'r');
  }

  /** Length of the file as it is now. */
  get bytes(): number {
    return fstatSync(this.#file).size;
  }

  /** @throws {UnreadablePatch} where the file ends before */
  copyTo(target: Uint8Array, at: number, { position, length }: { position: number; length: number }): void {
    for (let done = 0; done < length; ) {
      const number = Math.floor((position + done) / BLOCK_BYTES);
      const { data, bytes } = this.#block(number);
      const from = position + done - number * BLOCK_BYTES;
      const to = Math.min(bytes, from + length - done);
      demand(to > from, 'a copy from beyond the end of a file');
      copyBytes(data, { from, to }, target, at + done);
      done += to - from;
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  #block(number: number): CachedBlock {
    const block = this.#blocks[number % SLOTS] as CachedBlock;
    if (block.number === number) return block;
    block.bytes = readSync(this.#file, block.data, 0, BLOCK_BYTES, number * BLOCK_BYTES);
    block.number = number;
    return block;
  }
}
