import { hash } from 'node:crypto';
import { exists } from '../../../presence.ts';
import type { CellIndex } from './cell-index.ts';
import { SourceChooser } from './choose-sources.ts';
import { Origins } from './origins.ts';
import { PageFile } from './page-file.ts';
import { DIGEST_BYTES } from './page-table.ts';
import type { SourcePage } from './rebuild-finder.ts';

/** So many are read side by side. */
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
  /** Undefined where the base alone is what the chain has. */
  overlay: string | undefined;
  origins: string;
  /** Digests of the pages before. */
  table: string;
  pageSize: number;
  /** Of the database. */
  pages: number;
}

interface Files {
  database: PageFile;
  base: PageFile;
  overlay: PageFile | undefined;
  table: PageFile;
  origins: Origins;
}

/** Reads late pages in their order, with pages of the base that have the same cells. */
export class LatePages {
  readonly #files: Files;
  readonly #options: LateFiles;
  readonly #index: CellIndex;
  readonly #chooser: SourceChooser;
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
  static async open(options: LateFiles, index: CellIndex): Promise<LatePages> {
    const opened: PageFile[] = [];
    const openPages = async (path: string, pageSize = options.pageSize) => {
      const file = await PageFile.open(path, pageSize);
      opened.push(file);
      return file;
    };
    try {
      const { overlay: path } = options;
      const overlay = path !== undefined && (await exists(path)) ? await openPages(path) : undefined;
      const origins = await Origins.open(options.origins, options.pages);
      const [database, base] = [await openPages(options.database), await openPages(options.base)];
      const table = await openPages(options.table, DIGEST_BYTES);
      return new LatePages({ database, base, overlay, table, origins }, options, index);
    } catch (error) {
      await Promise.all(opened.map((file) => file.close()));
      throw error;
    }
  }

  /** Each is valid until the next one is asked for. */
  async *load(pages: readonly number[]): AsyncGenerator<LoadedPage> {
    for (let start = 0; start < pages.length; start += BATCH) {
      for (const loaded of await Promise.all(pages.slice(start, start + BATCH).map((page) => this.#load(page)))) {
        yield loaded;
        this.#note(loaded);
      }
      this.#spare.push(...this.#used.splice(0));
    }
    await this.#files.origins.save();
  }

  async close(): Promise<void> {
    const { database, base, overlay, table } = this.#files;
    await Promise.all([database.close(), base.close(), overlay?.close(), table.close()]);
  }

  async #load(pageNumber: number): Promise<LoadedPage> {
    const page = await this.#read(this.#files.database, pageNumber);
    if (page === undefined) throw new Error(`page ${pageNumber} is no longer there`);
    const [before, candidates] = await Promise.all([this.#readBefore(pageNumber), this.#readCandidates(pageNumber, page)]);
    return { pageNumber, page, before, sources: this.#chooser.choose(page, before, candidates) };
  }

  /** Pages of the base that may have what pages with the same cells had, or this one. */
  async #readCandidates(pageNumber: number, page: Buffer): Promise<SourcePage[]> {
    const relatives = [...this.#index.find(page).slice(0, RELATIVES), pageNumber];
    const wanted = new Set(relatives.flatMap((one) => [one, ...this.#files.origins.of(one)]));
    const candidates: SourcePage[] = [];
    for (const one of wanted) {
      if (one > this.#options.basePages) continue;
      const read = this.#read(this.#files.base, one);
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

  /** What the overlay has, or else the base, if it is what it should be. */
  async #readBefore(pageNumber: number): Promise<Buffer | undefined> {
    const digest = Buffer.alloc(DIGEST_BYTES);
    if (!(await this.#files.table.read(pageNumber, digest))) return undefined;
    for (const file of [this.#files.overlay, this.#files.base]) {
      const page = file === undefined ? undefined : await this.#read(file, pageNumber);
      if (page !== undefined && hash('sha256', page, 'buffer').equals(digest)) return page;
    }
    return undefined;
  }

  /** Undefined where the file ends ahead of it. */
  #read(file: PageFile, pageNumber: number): Buffer | undefined | Promise<Buffer | undefined> {
    // Of its own memory, so that it begins at a multiple of 4.
    const page = this.#spare.pop() ?? Buffer.from(new ArrayBuffer(this.#options.pageSize));
    this.#used.push(page);
    const read = file.read(pageNumber, page);
    if (typeof read === 'boolean') return read ? page : undefined;
    return read.then((isThere) => (isThere ? page : undefined));
  }
}
