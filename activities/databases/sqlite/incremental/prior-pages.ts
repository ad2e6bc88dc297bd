import { hash } from 'node:crypto';
import { readSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { exists } from '../../../presence.ts';
import { readPagesOf } from './base-pages.ts';
import { applyUpTo, type DeltaReader } from './delta-reader.ts';
import { DIGEST_BYTES } from './page-table.ts';
import type { ReadBasePage } from './rebuilt-page.ts';

/**
 * The pages that are no longer those of the base, each at its own place in a file with holes; with the base it holds the database as
 * the chain has it. It only saves room in deltas: each page is compared with its digest when it is used, and where it is not what it should
 * be, a page goes into the delta as a whole. So it is written while the pages of a run are compared, and never synced.
 */
export const OVERLAY_NAME = 'overlay.db';

/** After so many single pages of a block, the rest of it is read at once. */
const FEW_PAGES = 32;

/** What is known of a page of the block. */
const UNREAD = 0;
const READ = 1;
const PROVEN = 2;
const LOST = 3;

/** Pages that follow one another, as the chain should have them. */
export interface PriorBlock {
  firstPage: number;
  /** Digests of as many pages as the block has, or the chain. */
  digests: Buffer;
}

/** Gives pages as the chain has them, block by block from the first to the last, and brings the overlay up to it on the way. */
export class PriorPages {
  readonly #base: FileHandle;
  readonly #overlay: FileHandle | undefined;
  readonly #lacking: readonly DeltaReader[];
  readonly #pageSize: number;
  readonly #zeros: Buffer;
  readonly #pages: Buffer;
  readonly #overlaid: Buffer;
  readonly #based: Buffer;
  readonly #known: Uint8Array;
  #block: PriorBlock = { firstPage: 1, digests: Buffer.alloc(0) };
  #reads = 0;

  private constructor(
    files: { base: FileHandle; overlay: FileHandle | undefined },
    { pageSize, blockBytes, lacking }: { pageSize: number; blockBytes: number; lacking: readonly DeltaReader[] },
  ) {
    this.#base = files.base;
    this.#overlay = files.overlay;
    this.#lacking = lacking;
    this.#pageSize = pageSize;
    this.#zeros = Buffer.alloc(pageSize);
    // Of their own memory, so that pages begin at a multiple of 4.
    this.#pages = Buffer.from(new ArrayBuffer(blockBytes));
    this.#overlaid = Buffer.from(new ArrayBuffer(blockBytes));
    this.#based = Buffer.alloc(blockBytes);
    this.#known = new Uint8Array(blockBytes / pageSize);
  }

  /** `open` gives the deltas that the chain has and the overlay has not; they are closed with this. */
  static async open(
    paths: { base: string; overlay: string },
    options: { pageSize: number; blockBytes: number; open: (readBase: ReadBasePage) => readonly DeltaReader[] },
  ): Promise<PriorPages> {
    const base = await open(paths.base, 'r');
    const lacking = options.open(readPagesOf(base, options.pageSize));
    const isNeeded = lacking.length > 0 || (await exists(paths.overlay));
    if (isNeeded) await (await open(paths.overlay, 'a', 0o600)).close();
    const overlay = isNeeded ? await open(paths.overlay, 'r+') : undefined;
    return new PriorPages({ base, overlay }, { ...options, lacking });
  }

  /** Goes on to a block. @throws {WalDamaged | PatchDamaged} when a delta of the chain is not what was written */
  async turnTo(block: PriorBlock): Promise<void> {
    this.#block = block;
    this.#reads = 0;
    this.#known.fill(UNREAD);
    const count = block.digests.length / DIGEST_BYTES;
    if (count === 0) return;
    const touched = new Set<number>();
    const place = { memory: this.#pages, start: 0 };
    for (const delta of this.#lacking) {
      await applyUpTo(delta, block.firstPage + count - 1, (pageNumber) => {
        const index = pageNumber - block.firstPage;
        if (this.#known[index] === UNREAD) this.#read(index);
        touched.add(index);
        place.start = index * this.#pageSize;
        return place;
      });
    }
    for (const index of touched) this.#keep(index);
  }

  /** Writes a page that a delta changed into the overlay. An earlier attempt may have done so already: then it is what it should be. */
  #keep(index: number): void {
    if (!this.#isProven(index)) this.#known[index] = UNREAD;
    else if (this.#overlay !== undefined) {
      writePage(this.#overlay, this.#at(this.#pages, index), (this.#block.firstPage + index - 1) * this.#pageSize);
    }
  }

  /** A page of the block, valid until the next one; undefined where the chain's own copies do not have it. */
  get(pageNumber: number): Buffer | undefined {
    const index = pageNumber - this.#block.firstPage;
    if (this.#known[index] === UNREAD) this.#read(index);
    if (this.#known[index] === READ && !this.#isProven(index)) {
      this.#readInto(this.#base, this.#at(this.#pages, index), index);
      if (!this.#isProven(index)) this.#known[index] = LOST;
    }
    return this.#known[index] === PROVEN ? this.#at(this.#pages, index) : undefined;
  }

  async close(): Promise<void> {
    await Promise.all([this.#base.close(), this.#overlay?.close(), ...this.#lacking.map((delta) => delta.close())]);
  }

  #at(block: Buffer, index: number): Buffer {
    return block.subarray(index * this.#pageSize, (index + 1) * this.#pageSize);
  }

  /** What the overlay has, or else the base. */
  #read(index: number): void {
    const page = this.#at(this.#pages, index);
    if (++this.#reads === FEW_PAGES) this.#readAll();
    if (this.#reads >= FEW_PAGES) this.#at(this.#overlaid, index).copy(page);
    else {
      this.#readInto(this.#overlay, page, index);
      if (page.equals(this.#zeros)) this.#readInto(this.#base, page, index);
    }
    this.#known[index] = READ;
  }

  #readAll(): void {
    const count = this.#block.digests.length / DIGEST_BYTES;
    const bytes = count * this.#pageSize;
    const base = this.#based.subarray(0, bytes);
    this.#readInto(this.#base, base, 0);
    this.#readInto(this.#overlay, this.#overlaid.subarray(0, bytes), 0);
    for (let index = 0; index < count; index++) {
      const page = this.#at(this.#overlaid, index);
      if (page.equals(this.#zeros)) this.#at(base, index).copy(page);
    }
  }

  /** What a file does not have reads as zeros. */
  #readInto(file: FileHandle | undefined, target: Buffer, index: number): void {
    const position = (this.#block.firstPage - 1 + index) * this.#pageSize;
    const filled = file === undefined ? 0 : readFully(file, target, position);
    target.fill(0, filled);
  }

  #isProven(index: number): boolean {
    const start = index * DIGEST_BYTES;
    const digest = hash('sha256', this.#at(this.#pages, index), 'buffer');
    const isProven = this.#block.digests.compare(digest, 0, DIGEST_BYTES, start, start + DIGEST_BYTES) === 0;
    if (isProven) this.#known[index] = PROVEN;
    return isProven;
  }
}

function readFully(file: FileHandle, target: Buffer, position: number): number {
  for (let filled = 0; ; ) {
    const bytesRead = readSync(file.fd, target, filled, target.length - filled, position + filled);
    filled += bytesRead;
    if (bytesRead === 0 || filled === target.length) return filled;
  }
}

function writePage(file: FileHandle, page: Buffer, position: number): void {
  for (let offset = 0; offset < page.length; ) {
    offset += writeSync(file.fd, page, offset, page.length - offset, position + offset);
  }
}
