import type { HashOptions } from '../../../../stage/copy-file.ts';
import { Breath } from '../../../sqlite/incremental/breath.ts';
import { type Block, FrameReader } from '../../../zstd-frame/frame-reader.ts';
import { MAX_BLOCK_BYTES } from '../../../zstd-frame/literals-section.ts';
import { demand } from '../../../zstd-frame/unreadable-patch.ts';
import { Material } from './material.ts';
import { Segments } from './segments.ts';
import type { TextFile } from './text-file.ts';

/** A shorter copy becomes new text: a piece of its own would take more room and time. */
const SHORT_BYTES = 64;

/** What is known of a text that patches are applied to. */
export interface Begun {
  /** A file. */
  base: string;
  /** Of a new file for what patches bring; it has no name once it is open. */
  brought: string;
  /** No text on the way may be longer, nor all that patches bring together. */
  maxBytes: number;
}

/** Applies patches to a text that is nowhere: what is kept of it is where each piece comes from. */
export class Composition {
  readonly #material: Material;
  readonly #maxBytes: number;
  #text = new Segments();

  /** Begins with a base, without reading it. To be closed. */
  constructor({ base, brought, maxBytes }: Begun) {
    this.#material = new Material({ base, brought, maxBytes });
    this.#maxBytes = maxBytes;
    this.#text.append(0, this.#material.end);
  }

  /** Length of the text. */
  get bytes(): number {
    return this.#text.bytes;
  }

  /** Whether the text is better written down before it is gone on with. */
  get isLarge(): boolean {
    return this.#text.areMany || this.#material.brought > this.#maxBytes / 2;
  }

  writeTo(file: TextFile, options: HashOptions): Promise<void> {
    return file.write(this.#text, this.#material, options);
  }

  close(): void {
    this.#material.close();
  }

  /** Makes the text what a patch makes of it. @throws {UnreadablePatch} {Error} of the system; the signal's reason */
  async apply(patch: string, signal: AbortSignal): Promise<void> {
    const frame = new FrameReader(patch);
    const breath = new Breath();
    try {
      demand(frame.contentBytes <= this.#maxBytes, 'a text that is longer than expected');
      const after = new Segments();
      for (let block = frame.next(); block !== undefined; block = frame.next()) {
        this.#applyBlock(block, after);
        demand(after.bytes <= frame.contentBytes, 'more text than a frame says');
        await breath.take(signal);
      }
      demand(after.bytes === frame.contentBytes, 'less text than a frame says');
      this.#text = after;
    } finally {
      frame.close();
    }
  }

  #applyBlock({ literals, sequences }: Block, after: Segments): void {
    const end = after.bytes + MAX_BLOCK_BYTES;
    let used = 0;
    for (let index = 0; index < sequences.count; index += 1) {
      const run = sequences.literals[index] as number;
      const length = sequences.lengths[index] as number;
      demand(used + run <= literals.length && after.bytes + run + length <= end, 'a block that is too long');
      this.#bring(literals, { from: used, to: used + run }, after);
      used += run;
      this.#copy(after, sequences.offsets[index] as number, length);
    }
    demand(after.bytes + literals.length - used <= end, 'a block that is too long');
    this.#bring(literals, { from: used, to: literals.length }, after);
  }

  #bring(literals: Uint8Array, { from, to }: { from: number; to: number }, after: Segments): void {
    after.append(this.#material.end, to - from);
    this.#material.append(literals, from, to);
  }

  /** The text before and the new one are one after the other, and a copy may begin in the one and end in the other. */
  #copy(after: Segments, offset: number, length: number): void {
    const start = this.#text.bytes + after.bytes - offset;
    demand(start >= 0, 'a copy from before the beginning');
    const inBefore = Math.max(0, Math.min(length, this.#text.bytes - start));
    if (inBefore > 0) this.#append(after, this.#text, { start, length: inBefore });
    // What is copied may reach into itself: then it is done piece by piece.
    const from = start + inBefore - this.#text.bytes;
    for (let left = length - inBefore; left > 0; ) {
      const count = Math.min(left, after.bytes - from);
      this.#append(after, after, { start: from, length: count });
      left -= count;
    }
  }

  #append(after: Segments, text: Segments, { start, length }: { start: number; length: number }): void {
    if (length > SHORT_BYTES) return after.appendRange(text, start, length);
    const target = this.#material.end;
    text.forEach(start, start + length, (place, count) => this.#material.repeat(place, count));
    after.append(target, length);
  }
}
