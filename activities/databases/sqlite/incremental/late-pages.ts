import { type FileHandle, open } from 'node:fs/promises';
import { alignedBuffer } from '../../../aligned-memory.ts';
import { AdaptiveFile, type Piece } from './adaptive-file.ts';
import type { CellIndex } from './cell-index.ts';
import { Cells } from './cells.ts';
import { SourceChooser } from './choose-sources.ts';
import { readFully } from './file-bytes.ts';
import { openTogether } from './open-together.ts';
import { Origins } from './origins.ts';
import { DIGEST_BYTES } from './page-digests.ts';
import { readRuns } from './page-runs.ts';
import { hasDigest } from './page-table.ts';
import type { PriorBlock } from './prior-block.ts';
import type { PriorPages } from './prior-pages.ts';
import type { SourcePage } from './rebuild-finder.ts';
import { BLOCK_BYTES } from './scan-pages.ts';

/** Whoever makes patches of late pages does nothing else. */
const WAITING = { waits: true };
/** Where prior pages are: nobody else has blocks any more. */
const PRIOR_PLACE = 0;
/** What pages of so many bytes may be made of is read side by side, and is in memory at once. */
const BATCH_BYTES = 256 * 1024;
/** So much memory at a time is taken for pages of the base. */
const MEMORY_BYTES = 1024 * 1024;
/** Pages with the same cells that are followed to the base. */
const RELATIVES = 4;

/** A page whose patch is found once all pages that changed are known, with all that it may be made of. */
export interface LoadedPage {
  pageNumber: number;
  cells: Cells;
  /** Undefined where it had no version before, or that is lost. */
  before: Cells | undefined;
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

/** A page with the pages of the base that it may be made of. */
interface FoundPage {
  pageNumber: number;
  cells: Cells;
  candidates: readonly number[];
}

interface Files {
  database: AdaptiveFile;
  /** Digests of the pages before, and of those now. */
  table: FileHandle;
  newTable: FileHandle;
  prior: PriorPages;
  base: AdaptiveFile;
  origins: Origins;
}

/** Reads late pages block by block, with pages of the base that have the same cells. */
export class LatePages {
  readonly #files: Files;
  readonly #options: LateFiles;
  readonly #index: CellIndex;
  readonly #chooser: SourceChooser;
  /** Pages that follow one another, as they are now and as they were before. */
  readonly #block = alignedBuffer(BLOCK_BYTES);
  #prior: PriorBlock | undefined;
  #firstPage = 1;
  /** Of the pages as they are now. */
  #digests: Buffer = Buffer.alloc(0);
  /** First page that had no version before. */
  #endBefore = 1;
  /** For pages of the base. */
  readonly #memory: Buffer[] = [];
  readonly #cellsBefore: Cells;
  /** Those that are not in use, and those that are. */
  readonly #spare: Cells[] = [];
  readonly #used: Cells[] = [];

  private constructor(files: Files, options: LateFiles, index: CellIndex) {
    this.#files = files;
    this.#options = options;
    this.#index = index;
    this.#chooser = new SourceChooser(options.pageSize);
    this.#cellsBefore = new Cells(options.pageSize);
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
        base: noted(await AdaptiveFile.open(options.base, WAITING)),
        origins: new Origins(known.origins),
      };
      return new LatePages(files, options, known.index);
    });
  }

  /** Hands over pages, by their ascending numbers in one block, each for as long as `take` runs. @throws the system error */
  async load(pages: readonly number[], take: (loaded: LoadedPage) => void): Promise<void> {
    await this.#turnTo(pages);
    const size = BATCH_BYTES / this.#options.pageSize;
    for (let start = 0; start < pages.length; start += size) {
      const batch = pages.slice(start, start + size).map((pageNumber) => this.#find(pageNumber));
      const base = await this.#readBase(batch);
      for (const { pageNumber, cells, candidates } of batch) {
        const before = this.#before(pageNumber);
        const sources = this.#chooser.choose(
          cells,
          before,
          candidates.flatMap((candidate) => base.get(candidate) ?? []),
        );
        take({ pageNumber, cells, before, sources });
        this.#note({ pageNumber, before, sources });
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
    const indexes = pages.map((pageNumber) => pageNumber - firstPage);
    await readRuns(database, { block: this.#block, position, pageSize }, indexes);
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

  /** A page, and pages of the base that may have what pages with the same cells had, or this one. */
  #find(pageNumber: number): FoundPage {
    const cells = this.#use().turnTo(this.#at(pageNumber));
    const relatives = [...this.#index.find(cells).slice(0, RELATIVES), pageNumber];
    const wanted = new Set(relatives.flatMap((one) => [one, ...this.#files.origins.of(one)]));
    return { pageNumber, cells, candidates: [...wanted].filter((one) => one <= this.#options.basePages) };
  }

  /** What a page keeps of its version before came from where that came from. */
  #note({ pageNumber, before, sources }: Omit<LoadedPage, 'cells'>): void {
    if (sources.length === 0) return;
    const earlier = before === undefined ? [] : this.#files.origins.of(pageNumber);
    this.#files.origins.note(pageNumber, [...new Set([...sources.map((source) => source.pageNumber), ...earlier])]);
  }

  #before(pageNumber: number): Cells | undefined {
    const page = pageNumber < this.#endBefore ? this.#prior?.get(pageNumber) : undefined;
    return page === undefined ? undefined : this.#cellsBefore.turnTo(page);
  }

  /** Pages of the base, by their numbers; those ahead of which the file ends are left out. */
  async #readBase(pages: readonly FoundPage[]): Promise<Map<number, SourcePage>> {
    const { pageSize } = this.#options;
    const wanted = [...new Set(pages.flatMap(({ candidates }) => candidates))];
    while (this.#memory.length < wanted.length) this.#memory.push(...pagesOf(alignedBuffer(MEMORY_BYTES), pageSize));
    const pieces = wanted.map((pageNumber, index) => ({
      memory: this.#memory[index] as Buffer,
      position: (pageNumber - 1) * pageSize,
    }));
    const counts = await this.#files.base.read(pieces);
    const sources = new Map<number, SourcePage>();
    for (const [index, pageNumber] of wanted.entries()) {
      const { memory } = pieces[index] as Piece;
      if (counts[index] === pageSize) sources.set(pageNumber, { pageNumber, cells: this.#use().turnTo(memory) });
    }
    return sources;
  }

  #use(): Cells {
    const cells = this.#spare.pop() ?? new Cells(this.#options.pageSize);
    this.#used.push(cells);
    return cells;
  }
}

function pagesOf(memory: Buffer, pageSize: number): Buffer[] {
  return Array.from({ length: memory.length / pageSize }, (_, index) =>
    memory.subarray(index * pageSize, (index + 1) * pageSize),
  );
}
