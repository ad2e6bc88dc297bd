import { type FileHandle, open, rm } from 'node:fs/promises';
import { readPagesOf } from './base-pages.ts';
import { type OpenFile, readFullySync, writeFully } from './file-bytes.ts';
import { PatchDamaged } from './page-patch.ts';
import type { ReadBasePage } from './rebuilt-page.ts';
import { BLOCK_BYTES } from './scan-pages.ts';

/** A page that nobody copies from. */
const UNKEPT = 0;
/** A page that is still in the base. Other numbers, from 2, say where in the scratch file it is. */
const IN_BASE = 1;

/** What threads need to read pages as they were. */
export interface OriginalsSetting {
  pageSize: number;
  base: OpenFile;
  scratch: OpenFile;
  /** By page number, as above. */
  places: SharedArrayBuffer;
}

/** What pages of a base were, from which others copy, while it is changed in its place from its start to its end. */
export class Originals {
  readonly #base: FileHandle;
  readonly #scratch: FileHandle;
  readonly #pageSize: number;
  readonly #places: Uint32Array<SharedArrayBuffer>;
  /** Those of a block, one after the other. */
  readonly #block = Buffer.alloc(BLOCK_BYTES);
  #saved = 0;

  private constructor(
    files: { base: FileHandle; scratch: FileHandle },
    { pageSize, pages }: { pageSize: number; pages: number },
  ) {
    this.#base = files.base;
    this.#scratch = files.scratch;
    this.#pageSize = pageSize;
    this.#places = new Uint32Array(new SharedArrayBuffer((pages + 1) * Uint32Array.BYTES_PER_ELEMENT));
  }

  /** `scratch`: a file that has a name for a moment only. `pages`: that the base has. */
  static async open(base: FileHandle, scratch: string, sizes: { pageSize: number; pages: number }): Promise<Originals> {
    // What lies there may be a link that leads elsewhere.
    await rm(scratch, { force: true });
    const file = await open(scratch, 'wx+', 0o600);
    await rm(scratch);
    return new Originals({ base, scratch: file }, sizes);
  }

  /** Valid as long as this is open. */
  get setting(): OriginalsSetting {
    const [base, scratch] = [{ fd: this.#base.fd }, { fd: this.#scratch.fd }];
    return { pageSize: this.#pageSize, base, scratch, places: this.#places.buffer };
  }

  /** Notes pages that are copied from. @throws {PatchDamaged} when the base does not have one */
  keep(pageNumbers: Iterable<number>): void {
    for (const pageNumber of pageNumbers) {
      if (pageNumber < 1 || pageNumber >= this.#places.length) throw new PatchDamaged(`the base has no page ${pageNumber}`);
      this.#places[pageNumber] = IN_BASE;
    }
  }

  /** Saves those of a block of the base, before it is changed. @throws the system error */
  async save(block: Uint8Array, firstPage: number): Promise<void> {
    const end = Math.min(this.#places.length, firstPage + Math.floor(block.length / this.#pageSize));
    const kept: number[] = [];
    for (let pageNumber = firstPage; pageNumber < end; pageNumber++) {
      if (this.#places[pageNumber] !== IN_BASE) continue;
      const start = (pageNumber - firstPage) * this.#pageSize;
      this.#block.set(block.subarray(start, start + this.#pageSize), kept.length * this.#pageSize);
      kept.push(pageNumber);
    }
    await writeFully(this.#scratch, this.#block.subarray(0, kept.length * this.#pageSize), this.#saved * this.#pageSize);
    // Only now: others look for a page where this says that it is.
    for (const pageNumber of kept) this.#places[pageNumber] = this.#saved++ + IN_BASE + 1;
  }

  async close(): Promise<void> {
    await this.#scratch.close();
  }
}

/** Reads pages as they were. One that was not kept is as it was in blocks that are not yet changed. */
export function readOriginals({ pageSize, base, scratch, places: memory }: OriginalsSetting): ReadBasePage {
  const places = new Uint32Array(memory);
  const readBase = readPagesOf(base, pageSize);
  return (pageNumber, target) => {
    const place = places[pageNumber] ?? UNKEPT;
    if (place <= IN_BASE) readBase(pageNumber, target);
    else readFullySync(scratch, target, (place - IN_BASE - 1) * pageSize);
  };
}
