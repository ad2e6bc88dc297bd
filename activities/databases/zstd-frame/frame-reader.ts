/**
 * Reads what `zstd --patch-from` wrote, as the list of copies and literals that it is, and gives no text: for that, see who uses it.
 * Everything is read by RFC 8878, and what that does not allow is refused, as are the few things that our patches never have.
 *
 * What must never be here: a length or an offset that is believed before it was looked at, or memory that grows with a file.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { LiteralsReader, MAX_BLOCK_BYTES, readNumber } from './literals-section.ts';
import { type Sequences, SequencesReader } from './sequences-section.ts';
import { demand } from './unreadable-patch.ts';

const MAGIC = 0xfd2fb528;
const BUFFER_BYTES = 4 * MAX_BLOCK_BYTES;
/** Streams of bits look at so many bytes that come after them. */
const SLACK_BYTES = 8;
const CHECKSUM_BYTES = 4;

/** A block. Both are overwritten by the next one. */
export interface Block {
  /** Those of the sequences, and then those after the last one. */
  literals: Uint8Array;
  sequences: Sequences;
}

/** Reads the one frame of a file, block by block; and then that of another file, in the same memory. */
export class FrameReader {
  readonly #buffer = new Uint8Array(BUFFER_BYTES + SLACK_BYTES);
  readonly #literals = new LiteralsReader();
  readonly #sequences = new SequencesReader();
  #file = -1;
  #start = 0;
  #end = 0;
  #isLast = false;
  #hasChecksum = false;
  #contentBytes = 0;

  /** Bytes of the text, as the frame says. */
  get contentBytes(): number {
    return this.#contentBytes;
  }

  /** To be closed, unless it throws. @throws {UnreadablePatch} {Error} of the system */
  open(path: string): void {
    this.#file = openSync(path, 'r');
    [this.#start, this.#end, this.#isLast] = [0, 0, false];
    this.#literals.reset();
    this.#sequences.reset();
    try {
      this.#readHeader();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Undefined after the last one, where the file must end. @throws {UnreadablePatch} {Error} of the system */
  next(): Block | undefined {
    if (this.#isLast) {
      // A checksum is of the text, which is nowhere here. Whoever makes it has a better one.
      if (this.#hasChecksum) this.#take(CHECKSUM_BYTES);
      demand(!this.#has(1), 'something after the frame');
      return undefined;
    }
    const head = readNumber(this.#buffer, this.#take(3), 3);
    this.#isLast = (head & 1) === 1;
    const kind = (head >> 1) & 3;
    const bytes = head >> 3;
    demand(kind !== 3 && bytes <= MAX_BLOCK_BYTES, 'a block of an unknown kind');
    const start = this.#take(kind === 1 ? 1 : bytes);
    if (kind === 2) return this.#read(start, start + bytes);
    const { sequences } = this.#sequences;
    sequences.count = 0;
    const literals =
      kind === 1 ? this.#literals.repeat(this.#buffer[start] as number, bytes) : this.#buffer.subarray(start, start + bytes);
    return { literals, sequences };
  }

  close(): void {
    closeSync(this.#file);
  }

  #readHeader(): void {
    demand(readNumber(this.#buffer, this.#take(4), 4) === MAGIC, 'no frame of zstd');
    const descriptor = this.#buffer[this.#take(1)] as number;
    const sizeBytes = [0, 2, 4, 8][descriptor >> 6] as number;
    const isSingle = (descriptor & 32) !== 0;
    demand((descriptor & 11) === 0, 'a frame with a dictionary or of an unknown kind');
    demand(isSingle || sizeBytes > 0, 'a frame that does not say how long its text is');
    if (!isSingle) this.#take(1);
    const bytes = Math.max(1, sizeBytes);
    this.#contentBytes = readNumber(this.#buffer, this.#take(bytes), bytes) + (bytes === 2 ? 256 : 0);
    this.#hasChecksum = (descriptor & 4) !== 0;
  }

  #read(start: number, end: number): Block {
    demand(start < end, 'an empty block');
    const { bytes: literals, end: after } = this.#literals.read(this.#buffer, start, end);
    demand(after < end, 'a block without sequences');
    this.#sequences.read(this.#buffer, after, end);
    return { literals, sequences: this.#sequences.sequences };
  }

  /** Makes the next bytes be in the buffer. @returns where @throws {UnreadablePatch} where the file has no more */
  #take(bytes: number): number {
    demand(this.#has(bytes), 'a frame that is cut off');
    this.#start += bytes;
    return this.#start - bytes;
  }

  #has(bytes: number): boolean {
    if (this.#end - this.#start >= bytes) return true;
    this.#buffer.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
    while (this.#end < bytes) {
      const count = readSync(this.#file, this.#buffer, this.#end, BUFFER_BYTES - this.#end, null);
      if (count === 0) return false;
      this.#end += count;
    }
    return true;
  }
}
