import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { MAX_BLOCK_BYTES } from '../../../zstd-frame/literals-section.ts';
import { demand } from '../../../zstd-frame/unreadable-patch.ts';
import { BLOCK_BYTES, CachedFile } from './cached-file.ts';
import { copyBytes } from './copy-bytes.ts';

const TAIL_BYTES = 16 * BLOCK_BYTES;

/**
 * What texts are made of: a base, and after it whatever patches brought. A place is counted through both. What patches bring goes
 * into a file; the end of it, which is asked for most, stays in memory.
 */
export class Material {
  readonly #baseBytes: number;
  readonly #maxBytes: number;
  readonly #base: CachedFile;
  readonly #brought: CachedFile;
  readonly #appending: number;
  readonly #tail = new Uint8Array(TAIL_BYTES);
  #tailStart = 0;
  #tailBytes = 0;
  readonly #short = new Uint8Array(MAX_BLOCK_BYTES);

  /** `brought` is of a new file, which has no name once it is open. To be closed. */
  constructor({ base, brought, maxBytes }: { base: string; brought: string; maxBytes: number }) {
    this.#maxBytes = maxBytes;
    this.#appending = openSync(brought, 'wx', 0o600);
    this.#brought = new CachedFile(brought);
    unlinkSync(brought);
    this.#base = new CachedFile(base);
    this.#baseBytes = this.#base.bytes;
  }

  /** Bytes that patches brought. */
  get brought(): number {
    return this.#tailStart + this.#tailBytes;
  }

  /** Where the next bytes will be. */
  get end(): number {
    return this.#baseBytes + this.brought;
  }

  /** @throws {UnreadablePatch} where it becomes too much */
  append(bytes: Uint8Array, from: number, to: number): void {
    demand(this.brought + to - from <= this.#maxBytes, 'more new text than expected');
    for (let start = from; start < to; ) {
      const count = Math.min(to - start, TAIL_BYTES - this.#tailBytes);
      copyBytes(bytes, { from: start, to: start + count }, this.#tail, this.#tailBytes);
      this.#tailBytes += count;
      start += count;
      if (this.#tailBytes === TAIL_BYTES) this.#flush();
    }
  }

  /** Appends what is at a place, up to a block's length. */
  repeat(place: number, length: number): void {
    this.copyTo(this.#short, 0, { place, length });
    this.append(this.#short, 0, length);
  }

  copyTo(target: Uint8Array, at: number, { place, length }: { place: number; length: number }): void {
    const inBase = Math.max(0, Math.min(length, this.#baseBytes - place));
    if (inBase > 0) this.#base.copyTo(target, at, { position: place, length: inBase });
    if (inBase === length) return;
    const position = place + inBase - this.#baseBytes;
    const inFile = Math.max(0, Math.min(length - inBase, this.#tailStart - position));
    if (inFile > 0) this.#brought.copyTo(target, at + inBase, { position, length: inFile });
    const from = position + inFile - this.#tailStart;
    copyBytes(this.#tail, { from, to: from + length - inBase - inFile }, target, at + inBase + inFile);
  }

  close(): void {
    this.#base.close();
    this.#brought.close();
    closeSync(this.#appending);
  }

  #flush(): void {
    for (let done = 0; done < TAIL_BYTES; ) done += writeSync(this.#appending, this.#tail, done);
    this.#tailStart += TAIL_BYTES;
    this.#tailBytes = 0;
  }
}
