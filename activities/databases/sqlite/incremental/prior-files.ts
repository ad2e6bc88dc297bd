import { type FileHandle, open } from 'node:fs/promises';
import { AdaptiveFile } from './adaptive-file.ts';
import { readPagesOf } from './base-pages.ts';
import { readFullySync, writeFullySync } from './file-bytes.ts';
import { openTogether } from './open-together.ts';
import { joinPages, readRuns } from './page-runs.ts';
import type { ReadBasePage } from './rebuilt-page.ts';

/** A place for pages that follow one another in the database. */
export interface BlockPlace {
  block: Buffer;
  /** Number of its first page, from 1. */
  firstPage: number;
}

/** Whoever reads prior pages does nothing else. */
const WAITING = { waits: true };

/** The base of a chain, and the overlay: a file with holes where a page is that of the base. What neither has is zeros. */
export class PriorFiles {
  readonly #base: FileHandle;
  readonly #overlay: FileHandle | undefined;
  /** The same files. */
  readonly #reads: { base: AdaptiveFile; overlay: AdaptiveFile | undefined };
  /** First page that the overlay did not reach to when it was last looked at. */
  #endOfOverlay = 1;
  readonly #pageSize: number;
  readonly #zeros: Buffer;

  private constructor(
    files: { base: FileHandle; overlay: FileHandle | undefined },
    reads: { base: AdaptiveFile; overlay: AdaptiveFile | undefined },
    pageSize: number,
  ) {
    this.#base = files.base;
    this.#overlay = files.overlay;
    this.#reads = reads;
    this.#pageSize = pageSize;
    this.#zeros = Buffer.alloc(pageSize);
  }

  static async open(
    { base, overlay: path }: { base: string; overlay: string | undefined },
    options: { pageSize: number },
  ): Promise<PriorFiles> {
    return openTogether(async (noted) => {
      const files = { base: noted(await open(base, 'r')), overlay: noted(await openOverlay(path)) };
      const reads = {
        base: noted(await AdaptiveFile.over(files.base, WAITING)),
        overlay: files.overlay && noted(await AdaptiveFile.over(files.overlay, WAITING)),
      };
      const opened = new PriorFiles(files, reads, options.pageSize);
      await opened.lookAgain();
      return opened;
    });
  }

  /** Looks how far the overlay reaches, to which others may have written meanwhile: beyond it there is nothing to be read. */
  async lookAgain(): Promise<void> {
    const bytes = (await this.#overlay?.stat())?.size ?? 0;
    this.#endOfOverlay = Math.ceil(bytes / this.#pageSize) + 1;
  }

  /**
   * Reads pages of a block, by their ascending indexes in it; what lies between them becomes anything. What comes from a disk is waited
   * for without holding up this thread. `overlaid`: another memory of the size of the block.
   */
  async load({ block, firstPage, overlaid }: BlockPlace & { overlaid: Buffer }, indexes: readonly number[]): Promise<void> {
    const place = { position: (firstPage - 1) * this.#pageSize, pageSize: this.#pageSize };
    const perhapsOverlaid = indexes.filter((index) => firstPage + index < this.#endOfOverlay);
    if (this.#reads.overlay !== undefined) {
      await readRuns(this.#reads.overlay, { ...place, block: overlaid }, perhapsOverlaid);
    }
    const isOverlaid = new Set(perhapsOverlaid.filter((index) => !this.#isHole(overlaid, index)));
    const based = indexes.filter((index) => !isOverlaid.has(index));
    await readRuns(this.#reads.base, { ...place, block }, based);
    for (const index of isOverlaid) this.#at(overlaid, index).copy(block, index * this.#pageSize);
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

  /** Writes pages of a block to the overlay, by their ascending indexes in it. @throws the system error */
  keep({ block, firstPage }: BlockPlace, indexes: readonly number[]): void {
    const overlay = this.#overlay;
    if (overlay === undefined) return;
    for (const { first, last } of joinPages(indexes, this.#pageSize, 0)) {
      const pages = block.subarray(first * this.#pageSize, (last + 1) * this.#pageSize);
      writeFullySync(overlay, pages, this.#positionOf(firstPage + first));
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#reads.base.close(), this.#reads.overlay?.close()]);
  }

  /** Most pages tell by their first byte that they are none. */
  #isHole(block: Buffer, index: number): boolean {
    return block[index * this.#pageSize] === 0 && this.#at(block, index).equals(this.#zeros);
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

/** Made where there is none. */
async function openOverlay(path: string | undefined): Promise<FileHandle | undefined> {
  if (path === undefined) return undefined;
  await (await open(path, 'a', 0o600)).close();
  return open(path, 'r+');
}
