import { hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { exists } from '../../../presence.ts';
import type { CellIndex } from './cell-index.ts';
import { chooseSources } from './choose-sources.ts';
import { readFully } from './file-bytes.ts';
import { Origins } from './origins.ts';
import type { SourcePage } from './rebuild-finder.ts';

/** So many are read side by side. */
const BATCH = 64;
/** Pages with the same cells that are followed to the base. */
const RELATIVES = 4;

/** A page whose patch is found once all pages that changed are known. */
export interface LatePage {
  pageNumber: number;
  /** Digest of its version before; undefined where it has none, or it is lost. */
  before: Buffer | undefined;
}

/** A late page, with all that it may be made of. */
export interface LoadedPage {
  pageNumber: number;
  page: Buffer;
  before: Buffer | undefined;
  sources: SourcePage[];
}

export interface LateFiles {
  /** The frozen database. */
  database: string;
  base: string;
  basePages: number;
  overlay: string;
  origins: string;
  pageSize: number;
  /** Of the database. */
  pages: number;
}

interface OpenFiles {
  database: FileHandle;
  base: FileHandle;
  overlay: FileHandle | undefined;
}

/** Reads late pages in their order, with pages of the base that have the same cells. */
export class LatePages {
  readonly #files: OpenFiles;
  readonly #options: LateFiles;
  readonly #index: CellIndex;
  readonly #origins: Origins;

  private constructor(files: OpenFiles, options: LateFiles, { index, origins }: { index: CellIndex; origins: Origins }) {
    this.#files = files;
    this.#options = options;
    this.#index = index;
    this.#origins = origins;
  }

  static async open(options: LateFiles, index: CellIndex): Promise<LatePages> {
    const overlay = (await exists(options.overlay)) ? await open(options.overlay, 'r') : undefined;
    const files = { database: await open(options.database, 'r'), base: await open(options.base, 'r'), overlay };
    return new LatePages(files, options, { index, origins: await Origins.open(options.origins, options.pages) });
  }

  async *load(pages: readonly LatePage[]): AsyncGenerator<LoadedPage> {
    for (let start = 0; start < pages.length; start += BATCH) {
      for (const loaded of await Promise.all(pages.slice(start, start + BATCH).map((page) => this.#load(page)))) {
        yield loaded;
        this.#note(loaded);
      }
    }
    await this.#origins.save();
  }

  async close(): Promise<void> {
    const { database, base, overlay } = this.#files;
    await Promise.all([database.close(), base.close(), overlay?.close()]);
  }

  async #load({ pageNumber, before: digest }: LatePage): Promise<LoadedPage> {
    const page = await this.#read(this.#files.database, pageNumber);
    if (page === undefined) throw new Error(`page ${pageNumber} is no longer there`);
    const [before, candidates] = await Promise.all([
      this.#readBefore(pageNumber, digest),
      this.#readCandidates(pageNumber, page),
    ]);
    return { pageNumber, page, before, sources: chooseSources(page, before, candidates) };
  }

  /** Pages of the base that may have what pages with the same cells had, or this one. */
  async #readCandidates(pageNumber: number, page: Buffer): Promise<SourcePage[]> {
    const relatives = [...this.#index.find(page).slice(0, RELATIVES), pageNumber];
    const wanted = new Set(relatives.flatMap((one) => [one, ...this.#origins.of(one)]));
    const inBase = [...wanted].filter((one) => one <= this.#options.basePages);
    const read = inBase.map(async (one) => ({ pageNumber: one, page: await this.#read(this.#files.base, one) }));
    return (await Promise.all(read)).flatMap((one) => (one.page === undefined ? [] : [{ ...one, page: one.page }]));
  }

  /** What a page keeps of its version before came from where that came from. */
  #note({ pageNumber, before, sources }: LoadedPage): void {
    if (sources.length === 0) return;
    const earlier = before === undefined ? [] : this.#origins.of(pageNumber);
    this.#origins.note(pageNumber, [...new Set([...sources.map((source) => source.pageNumber), ...earlier])]);
  }

  /** What the overlay has, or else the base, if it is what it should be. */
  async #readBefore(pageNumber: number, digest: Buffer | undefined): Promise<Buffer | undefined> {
    if (digest === undefined) return undefined;
    for (const file of [this.#files.overlay, this.#files.base]) {
      const page = file === undefined ? undefined : await this.#read(file, pageNumber);
      if (page !== undefined && hash('sha256', page, 'buffer').equals(digest)) return page;
    }
    return undefined;
  }

  /** Undefined where the file ends ahead of it. */
  async #read(file: FileHandle, pageNumber: number): Promise<Buffer | undefined> {
    const { pageSize } = this.#options;
    // Of its own memory, so that it begins at a multiple of 4.
    const page = await readFully(file, Buffer.from(new ArrayBuffer(pageSize)), (pageNumber - 1) * pageSize);
    return page.length === pageSize ? page : undefined;
  }
}
