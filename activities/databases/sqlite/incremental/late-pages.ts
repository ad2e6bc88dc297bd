import { type FileHandle, open } from 'node:fs/promises';
import { AdaptiveFile, alignedMemory } from './adaptive-file.ts';
import type { CellIndex } from './cell-index.ts';
import { SourceChooser } from './choose-sources.ts';
import { readFully } from './file-bytes.ts';
import { openTogether } from './open-together.ts';
import { Origins } from './origins.ts';
import { PageFile } from './page-file.ts';
import { joinPages, readRuns } from './page-runs.ts';
import { DIGEST_BYTES, hasDigest } from './page-table.ts';
import type { PriorBlock } from './prior-block.ts';
import type { PriorPages } from './prior-pages.ts';
import type { SourcePage } from './rebuild-finder.ts';
import { BLOCK_BYTES } from './scan-pages.ts';

/** Whoever makes patches of late pages does nothing else. */
const WAITING = { waits: true };
/** Where prior pages are: nobody else has blocks any more. */
const PRIOR_PLACE = 0;
/** The pages that others had are looked for side by side for so many. */
const BATCH = 64;
/** Pages with the same cells that are followed to the base. */
const RELATIVES = 4;

/** A page whose patch is found once all pages that changed are known, with all that it may be made of. */
export interface LoadedPage {
  pageNumber: number;
  page: Buffer;
  /** Undefined where it had no version before, or that is lost. */
  before: Buffer | undefined;
  sources: SourcePage[];
}

export interface LateFiles {
  /** The frozen database. */
  database: string;
  base: string;
  basePages: number;
  /** Digests of the pages before, and of those now. */
  table: string;
  newTable: string;
  pageSize: number;
  /** Of the database. */
  pages: number;
}

interface Files {
  database: AdaptiveFile;
  /** Digests of the pages before, and of those now. */
  table: FileHandle;
  newTable: FileHandle;
  prior: PriorPages;
  base: PageFile;
  origins: Origins;
}

/** Reads late pages block by block, with pages of the base that have the same cells. */
export class LatePages {
  readonly #files: Files;
  readonly #options: LateFiles;
  readonly #index: CellIndex;
  readonly #chooser: SourceChooser;
  /** Pages that follow one another, as they are now and as they were before. */
  readonly #block = Buffer.from(alignedMemory(BLOCK_BYTES));
  #prior: PriorBlock | undefined;
  #firstPage = 1;
  /** Of the pages as they are now. */
  #digests: Buffer = Buffer.alloc(0);
  /** First page that had no version before. */
  #endBefore = 1;
  /** Memory of pages that are not in use, and of those that are. */
  readonly #spare: Buffer[] = [];
  readonly #used: Buffer[] = [];

  private constructor(files: Files, options: LateFiles, index: CellIndex) {
    this.#files = files;
    this.#options = options;
    this.#index = index;
    this.#chooser = new SourceChooser(options.pageSize);
  }

  /** @throws the system error */
  static async open(
    options: LateFiles,
    known: { index: CellIndex; origins: SharedArrayBuffer; prior: PriorPages },
  ): Promise<LatePages> {
    return openTogether(async (noted) => {
      const files = {
        database: noted(await AdaptiveFile.open(options.database, WAITING)),
        table: noted(await open(options.table, 'r')),
        newTable: noted(await open(options.newTable, 'r')),
        prior: known.prior,
        base: noted(await PageFile.open(options.base, options.pageSize)),
        origins: new Origins(known.origins),
      };
      return new LatePages(files, options, known.index);
    });
  }

  /** `pages`: ascending numbers of one block. Each is valid until the next one is asked for. */
  async *load(pages: readonly number[]): AsyncGenerator<LoadedPage> {
    await this.#turnTo(pages);
    for (let start = 0; start < pages.length; start += BATCH) {
      for (const loaded of await Promise.all(pages.slice(start, start + BATCH).map((page) => this.#load(page)))) {
        yield loaded;
        this.#note(loaded);
      }
      this.#spare.push(...this.#used.splice(0));
    }
  }

  async close(): Promise<void> {
    const { database, table, newTable, base } = this.#files;
    await Promise.all([database.close(), table.close(), newTable.close(), base.close()]);
  }

  /** Reads pages of a block, and what they were before. */
  async #turnTo(pages: readonly number[]): Promise<void> {
    const { pageSize } = this.#options;
    const [first = 1] = pages;
    const firstPage = first - ((first - 1) % (BLOCK_BYTES / pageSize));
    const { database, table, newTable } = this.#files;
    const position = (firstPage - 1) * pageSize;
    const runs = joinPages(
      pages.map((pageNumber) => pageNumber - firstPage),
      pageSize,
    );
    await readRuns(database, { block: this.#block, position, pageSize }, runs);
    const before = await this.#readDigests(table, firstPage);
    this.#digests = await this.#readDigests(newTable, firstPage);
    this.#firstPage = firstPage;
    this.#endBefore = firstPage + Math.floor(before.length / DIGEST_BYTES);
    const wanted = pages.filter((pageNumber) => pageNumber < this.#endBefore);
    this.#prior = await this.#files.prior.load(PRIOR_PLACE, { firstPage, digests: before, wanted, lists: [] });
  }

  async #readDigests(table: FileHandle, firstPage: number): Promise<Buffer> {
    const digests = Buffer.alloc((BLOCK_BYTES / this.#options.pageSize) * DIGEST_BYTES);
    return readFully(table, digests, (firstPage - 1) * DIGEST_BYTES);
  }

  /** A page that was read once more: it has to be the one that was hashed. */
  #at(pageNumber: number): Buffer {
    const index = pageNumber - this.#firstPage;
    const page = this.#block.subarray(index * this.#options.pageSize, (index + 1) * this.#options.pageSize);
    if (hasDigest(page, this.#digests, index)) return page;
    throw new Error(`page ${pageNumber} is not what it was when it was read before, although the database is held as it is`);
  }

  async #load(pageNumber: number): Promise<LoadedPage> {
    const page = this.#at(pageNumber);
    const before = pageNumber < this.#endBefore ? this.#prior?.get(pageNumber) : undefined;
    const candidates = await this.#readCandidates(pageNumber, page);
    return { pageNumber, page, before, sources: this.#chooser.choose(page, before, candidates) };
  }

  /** Pages of the base that may have what pages with the same cells had, or this one. */
  async #readCandidates(pageNumber: number, page: Buffer): Promise<SourcePage[]> {
    const relatives = [...this.#index.find(page).slice(0, RELATIVES), pageNumber];
    const wanted = new Set(relatives.flatMap((one) => [one, ...this.#files.origins.of(one)]));
    const candidates: SourcePage[] = [];
    for (const one of wanted) {
      if (one > this.#options.basePages) continue;
      const read = this.#readBase(one);
      const source = read instanceof Promise ? await read : read;
      if (source !== undefined) candidates.push({ pageNumber: one, page: source });
    }
    return candidates;
  }

  /** What a page keeps of its version before came from where that came from. */
  #note({ pageNumber, before, sources }: LoadedPage): void {
    if (sources.length === 0) return;
    const earlier = before === undefined ? [] : this.#files.origins.of(pageNumber);
    this.#files.origins.note(pageNumber, [...new Set([...sources.map((source) => source.pageNumber), ...earlier])]);
  }

  /** Undefined where the file ends ahead of it. */
  #readBase(pageNumber: number): Buffer | undefined | Promise<Buffer | undefined> {
    // Of its own memory, so that it begins at a multiple of 4.
    const page = this.#spare.pop() ?? Buffer.from(new ArrayBuffer(this.#options.pageSize));
    this.#used.push(page);
    const read = this.#files.base.read(pageNumber, page);
    if (typeof read === 'boolean') return read ? page : undefined;
    return read.then((isThere) => (isThere ? page : undefined));
  }
}
