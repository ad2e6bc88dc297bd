import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { MAX_BLOCK_BYTES } from '../../../zstd-frame/literals-section.ts';
import { demand } from '../../../zstd-frame/unreadable-patch.ts';
import { BLOCK_BYTES, CachedFile } from './cached-file.ts';
import { copyBytes } from './copy-bytes.ts';

/** Whole blocks: what is read of the file never is a part of one. */
const TAIL_BYTES = 256 * BLOCK_BYTES.anywhere;

/**
 * What texts are made of: a base, and after it whatever patches brought. A place is counted through both. What patches bring goes
 * into a file; the end of it, which is asked for most, stays in memory.
 */
export class Material {
  /** Place of the first byte that a patch brought. One place is left free, so that no piece goes on from the base into it. */
  readonly #first: number;
  readonly #maxBytes: number;
  readonly #base: Record<keyof typeof BLOCK_BYTES, CachedFile>;
  readonly #brought: CachedFile;
  readonly #appending: number;
  readonly #tail = new Uint8Array(TAIL_BYTES);
  #tailStart = 0;
  #tailBytes = 0;
  readonly #short = new Uint8Array(MAX_BLOCK_BYTES);

  /** `brought` is of a new file, which has no name once it is open. To be closed. */
  constructor({ base, brought, maxBytes }: { base: string; brought: string; maxBytes: number }) {
    this.#maxBytes = maxBytes;
    this.#base = { anywhere: new CachedFile(base, 'anywhere'), onward: new CachedFile(base, 'onward') };
    this.#first = this.#base.onward.bytes + 1;
    this.#appending = openSync(brought, 'wx', 0o600);
    this.#brought = new CachedFile(brought, 'anywhere');
    unlinkSync(brought);
  }

  /** Length of the base, which is at the beginning. */
  get baseBytes(): number {
    return this.#first - 1;
  }

  /** Bytes that patches brought. */
  get brought(): number {
    return this.#tailStart + this.#tailBytes;
  }

  /** Where the next bytes will be. */
  get end(): number {
    return this.#first + this.brought;
  }

  /** @throws {UnreadablePatch} where it becomes too much */
  append(bytes: Uint8Array, from: number, to: number): void {
    demand(this.brought + to - from <= this.#maxBytes, 'more new text than expected');
    for (let start = from; start < to; ) {
      const count = Math.min(to - start, TAIL_BYTES - this.#tailBytes);
      copyBytes(bytes, start, count, this.#tail, this.#tailBytes);
      this.#tailBytes += count;
      start += count;
      if (this.#tailBytes === TAIL_BYTES) this.#flush();
    }
  }

  /** Whether a short piece is worth being repeated. */
  isAtHand(place: number): boolean {
    return place >= this.#first || this.#base.anywhere.isAtHand(place);
  }

  /** Appends a piece of the material itself, not longer than a block. */
  repeat(place: number, length: number): void {
    if (place < this.#first) this.#base.anywhere.copyTo(this.#short, 0, place, length);
    else this.#copyBrought(this.#short, 0, place - this.#first, length);
    this.append(this.#short, 0, length);
  }

  /** To be called for one piece after the other, in the order of the base. */
  copyTo(target: Uint8Array, at: number, place: number, length: number): void {
    if (place < this.#first) this.#base.onward.copyTo(target, at, place, length);
    else this.#copyBrought(target, at, place - this.#first, length);
  }

  close(): void {
    for (const file of [this.#base.anywhere, this.#base.onward, this.#brought]) file.close();
    closeSync(this.#appending);
  }

  #copyBrought(target: Uint8Array, at: number, position: number, length: number): void {
    const inFile = Math.max(0, Math.min(length, this.#tailStart - position));
    if (inFile > 0) this.#brought.copyTo(target, at, position, inFile);
    if (inFile === length) return;
    copyBytes(this.#tail, position + inFile - this.#tailStart, length - inFile, target, at + inFile);
  }

  #flush(): void {
    for (let done = 0; done < TAIL_BYTES; ) done += writeSync(this.#appending, this.#tail, done);
    this.#tailStart += TAIL_BYTES;
    this.#tailBytes = 0;
  }
}
