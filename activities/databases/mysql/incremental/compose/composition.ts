import { basename } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { HashOptions } from '../../../../stage/copy-file.ts';
import { type Block, FrameReader } from '../../../zstd-frame/frame-reader.ts';
import { MAX_BLOCK_BYTES } from '../../../zstd-frame/literals-section.ts';
import { demand, UnreadablePatch } from '../../../zstd-frame/unreadable-patch.ts';
import { Material } from './material.ts';
import { Segments } from './segments.ts';
import type { TextFile } from './text-file.ts';

/** A shorter copy becomes new text: a piece of its own would take more room and time. */
const SHORT_BYTES = 64;

/** So long the event loop may be kept: far below what a heartbeat or a cancel may wait. A block takes less than a millisecond, mostly. */
const LONGEST_MS = 20;

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
  readonly #reader = new FrameReader();
  #text = new Segments();
  /** The text that a patch makes, as far as it is there. */
  #next = new Segments();

  /** Begins with a base, without reading it. To be closed. */
  constructor({ base, brought, maxBytes }: Begun) {
    this.#material = new Material({ base, brought, maxBytes });
    this.#maxBytes = maxBytes;
    this.#text.append(0, this.#material.baseBytes);
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
    this.#next.clear();
    try {
      this.#reader.open(patch);
      await this.#applyBlocks(signal).finally(() => this.#reader.close());
    } catch (error) {
      throw error instanceof UnreadablePatch ? new UnreadablePatch(`${basename(patch)} has ${error.message}`) : error;
    }
    [this.#text, this.#next] = [this.#next, this.#text];
  }

  async #applyBlocks(signal: AbortSignal): Promise<void> {
    const { contentBytes } = this.#reader;
    demand(contentBytes <= this.#maxBytes, 'a text that is longer than expected');
    let turned = performance.now();
    for (let block = this.#reader.next(); block !== undefined; block = this.#reader.next()) {
      this.#applyBlock(block);
      demand(this.#next.bytes <= contentBytes, 'more text than a frame says');
      if (performance.now() - turned < LONGEST_MS) continue;
      await nextTurn();
      signal.throwIfAborted();
      turned = performance.now();
    }
    demand(this.#next.bytes === contentBytes, 'less text than a frame says');
  }

  #applyBlock({ literals, sequences }: Block): void {
    const end = this.#next.bytes + MAX_BLOCK_BYTES;
    let used = 0;
    for (let index = 0; index < sequences.count; index += 1) {
      const run = sequences.literals[index] as number;
      const length = sequences.lengths[index] as number;
      demand(used + run <= literals.length && this.#next.bytes + run + length <= end, 'a block that is too long');
      this.#bring(literals, used, used + run);
      used += run;
      this.#copy(sequences.offsets[index] as number, length);
    }
    demand(this.#next.bytes + literals.length - used <= end, 'a block that is too long');
    this.#bring(literals, used, literals.length);
  }

  #bring(literals: Uint8Array, from: number, to: number): void {
    this.#next.append(this.#material.end, to - from);
    this.#material.append(literals, from, to);
  }

  /** The text before and the new one are one after the other, and a copy may begin in the one and end in the other. */
  #copy(offset: number, length: number): void {
    const start = this.#text.bytes + this.#next.bytes - offset;
    demand(start >= 0, 'a copy from before the beginning');
    const inBefore = Math.max(0, Math.min(length, this.#text.bytes - start));
    if (inBefore > 0) this.#append(this.#text, start, inBefore);
    // What is copied may reach into itself: then it is done piece by piece.
    const from = start + inBefore - this.#text.bytes;
    for (let left = length - inBefore; left > 0; ) {
      const count = Math.min(left, this.#next.bytes - from);
      this.#append(this.#next, from, count);
      left -= count;
    }
  }

  #append(text: Segments, start: number, length: number): void {
    if (length > SHORT_BYTES) this.#next.appendRange(text, start, length);
    else text.forEach(start, start + length, this.#appendShort);
  }

  readonly #appendShort = (place: number, length: number): void => {
    const material = this.#material;
    if (!material.isAtHand(place)) return this.#next.append(place, length);
    this.#next.append(material.end, length);
    material.repeat(place, length);
  };
}
