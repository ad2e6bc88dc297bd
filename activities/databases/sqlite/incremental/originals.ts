import { type FileHandle, open, rm } from 'node:fs/promises';
import { readPagesOf } from './base-pages.ts';
import { readFullySync, writeFully } from './file-bytes.ts';
import { PatchDamaged } from './page-patch.ts';
import type { ReadBasePage } from './rebuilt-page.ts';
import { BLOCK_BYTES } from './scan-pages.ts';

/** A page that nobody copies from. */
const UNKEPT = 0;
/** A page that is still in the base. Other numbers, from 2, say where in the scratch file it is. */
const IN_BASE = 1;

/** What pages of a base were, from which others copy, while it is changed in its place from its start to its end. */
export class Originals {
  readonly #scratch: FileHandle;
  readonly #pageSize: number;
  readonly #places: Uint32Array;
  /** Those of the block at hand, one after the other: most pages copy from their neighbours. */
  readonly #latest = Buffer.alloc(BLOCK_BYTES);
  /** How many were saved before them. */
  #savedBefore = 0;
  readonly #readBase: ReadBasePage;
  #saved = 0;
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    files: { base: FileHandle; scratch: FileHandle },
    { pageSize, pages }: { pageSize: number; pages: number },
  ) {
    this.#scratch = files.scratch;
    this.#pageSize = pageSize;
    this.#places = new Uint32Array(pages + 1);
    this.#readBase = readPagesOf(files.base, pageSize);
  }

  /** `scratch`: a file that has a name for a moment only. `pages`: that the base has. */
  static async open(base: FileHandle, scratch: string, sizes: { pageSize: number; pages: number }): Promise<Originals> {
    // What lies there may be a link that leads elsewhere.
    await rm(scratch, { force: true });
    const file = await open(scratch, 'wx+', 0o600);
    await rm(scratch);
    return new Originals({ base, scratch: file }, sizes);
  }

  /** Notes pages that are copied from. @throws {PatchDamaged} when the base does not have one */
  keep(pageNumbers: Iterable<number>): void {
    for (const pageNumber of pageNumbers) {
      if (pageNumber < 1 || pageNumber >= this.#places.length) throw new PatchDamaged(`the base has no page ${pageNumber}`);
      this.#places[pageNumber] = IN_BASE;
    }
  }

  /** Saves those of a block of the base, before it is changed. @throws the system error, also that of the block before */
  async save(block: Uint8Array, firstPage: number): Promise<void> {
    await this.#writing;
    this.#savedBefore = this.#saved;
    const end = Math.min(this.#places.length, firstPage + Math.floor(block.length / this.#pageSize));
    for (let pageNumber = firstPage; pageNumber < end; pageNumber++) {
      if (this.#places[pageNumber] !== IN_BASE) continue;
      const start = (pageNumber - firstPage) * this.#pageSize;
      this.#latest.set(block.subarray(start, start + this.#pageSize), this.#positionOf(this.#saved - this.#savedBefore));
      this.#places[pageNumber] = this.#saved++ + IN_BASE + 1;
    }
    const bytes = this.#latest.subarray(0, this.#positionOf(this.#saved - this.#savedBefore));
    this.#writing = writeFully(this.#scratch, bytes, this.#positionOf(this.#savedBefore));
    // Who saves the next ones is told.
    this.#writing.catch(() => undefined);
  }

  /** Reads a page as it was. One that was not kept is as it was in blocks that are not yet changed. */
  readonly read: ReadBasePage = (pageNumber, target) => {
    const place = this.#places[pageNumber] ?? UNKEPT;
    if (place <= IN_BASE) return this.#readBase(pageNumber, target);
    const index = place - IN_BASE - 1;
    if (index < this.#savedBefore) readFullySync(this.#scratch, target, this.#positionOf(index));
    else {
      const start = this.#positionOf(index - this.#savedBefore);
      target.set(this.#latest.subarray(start, start + this.#pageSize));
    }
  };

  async close(): Promise<void> {
    await this.#writing.catch(() => undefined);
    await this.#scratch.close();
  }

  /** In the scratch file, or among the latest. */
  #positionOf(index: number): number {
    return index * this.#pageSize;
  }
}
