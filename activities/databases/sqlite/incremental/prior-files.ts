import { type FileHandle, open } from 'node:fs/promises';
import { exists } from '../../../presence.ts';
import { readPagesOf } from './base-pages.ts';
import { readFullySync, writeFullySync } from './file-bytes.ts';
import { joinPages, readRuns } from './page-runs.ts';
import type { ReadBasePage } from './rebuilt-page.ts';

/** A place for pages that follow one another in the database. */
export interface BlockPlace {
  block: Buffer;
  /** Number of its first page, from 1. */
  firstPage: number;
}

/** The base of a chain, and the overlay: a file with holes where a page is that of the base. What neither has is zeros. */
export class PriorFiles {
  readonly #base: FileHandle;
  readonly #overlay: FileHandle | undefined;
  readonly #pageSize: number;
  readonly #zeros: Buffer;
  readonly #based: Buffer;
  readonly #overlaid: Buffer;

  private constructor(
    files: { base: FileHandle; overlay: FileHandle | undefined },
    { pageSize, blockBytes }: { pageSize: number; blockBytes: number },
  ) {
    this.#base = files.base;
    this.#overlay = files.overlay;
    this.#pageSize = pageSize;
    this.#zeros = Buffer.alloc(pageSize);
    this.#based = Buffer.alloc(blockBytes);
    this.#overlaid = Buffer.alloc(blockBytes);
  }

  /** `isOverlaid`: whether pages will be written, and an overlay is made where there is none. */
  static async open(
    { base, overlay: path }: { base: string; overlay: string | undefined },
    options: { pageSize: number; blockBytes: number; isOverlaid: boolean },
  ): Promise<PriorFiles> {
    const overlay = await openOverlay(path, options);
    try {
      return new PriorFiles({ base: await open(base, 'r'), overlay }, options);
    } catch (error) {
      await overlay?.close();
      throw error;
    }
  }

  /** Reads pages of a block, by their ascending indexes in it, without holding up this thread. One block at a time. */
  async load({ block, firstPage }: BlockPlace, indexes: readonly number[]): Promise<void> {
    const place = { position: (firstPage - 1) * this.#pageSize, pageSize: this.#pageSize };
    if (this.#overlay !== undefined) {
      await readRuns(this.#overlay, { ...place, block: this.#overlaid }, joinPages(indexes, this.#pageSize));
    }
    const based =
      this.#overlay === undefined ? indexes : indexes.filter((index) => this.#at(this.#overlaid, index).equals(this.#zeros));
    await readRuns(this.#base, { ...place, block: this.#based }, joinPages(based, this.#pageSize));
    const isBased = new Set(based);
    for (const index of indexes)
      this.#at(isBased.has(index) ? this.#based : this.#overlaid, index).copy(block, index * this.#pageSize);
  }

  /** Reads a page at once. */
  read(pageNumber: number, page: Buffer): void {
    if (this.#overlay === undefined) return this.readBase(pageNumber, page);
    readFilled(this.#overlay, page, this.#positionOf(pageNumber));
    if (page.equals(this.#zeros)) this.readBase(pageNumber, page);
  }

  /** As the base has it. */
  readBase(pageNumber: number, page: Buffer): void {
    readFilled(this.#base, page, this.#positionOf(pageNumber));
  }

  /** Reads pages of the base alone. */
  get basePages(): ReadBasePage {
    return readPagesOf(this.#base, this.#pageSize);
  }

  overlay(pageNumber: number, page: Buffer): void {
    if (this.#overlay === undefined) return;
    writeFullySync(this.#overlay, page, this.#positionOf(pageNumber));
  }

  async close(): Promise<void> {
    await Promise.all([this.#base.close(), this.#overlay?.close()]);
  }

  #at(block: Buffer, index: number): Buffer {
    return block.subarray(index * this.#pageSize, (index + 1) * this.#pageSize);
  }

  #positionOf(pageNumber: number): number {
    return (pageNumber - 1) * this.#pageSize;
  }
}

function readFilled(file: FileHandle, target: Buffer, position: number): void {
  target.fill(0, readFullySync(file, target, position));
}

async function openOverlay(path: string | undefined, { isOverlaid }: { isOverlaid: boolean }): Promise<FileHandle | undefined> {
  if (path === undefined || !(isOverlaid || (await exists(path)))) return undefined;
  await (await open(path, 'a', 0o600)).close();
  return open(path, 'r+');
}
