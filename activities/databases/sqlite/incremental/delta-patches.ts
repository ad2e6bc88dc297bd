import { createIndexMemory } from './cell-index.ts';
import { CompareThreads } from './compare-threads.ts';
import { readOrigins, saveOrigins } from './origins.ts';
import type { ChangedBlock, CompareSetting, MadePatches } from './page-comparer.ts';
import { PatchSpool } from './patch-spool.ts';
import { type PatchFile, PatchWriter } from './patch-writer.ts';
import { BLOCK_BYTES } from './scan-pages.ts';

/** What a late page takes of a delta, about, as a part of its size. */
const LATE = 1 / 10;
/** Blocks of late pages that threads have at once: each one at hand, and one more. */
const LATE_AHEAD = 4;

/** What patches are made of. `origins`: of its pages (origins.ts). */
export interface DeltaMaterial extends Omit<CompareSetting, 'pageSize' | 'pages' | 'cells'> {
  origins: string;
}

/**
 * Makes the patches of a delta. A page that SQLite rebuilt is made of others, which come at any place of the file: it waits until all
 * pages that changed are known.
 */
export class DeltaPatches {
  readonly #file: PatchFile;
  readonly #material: DeltaMaterial;
  readonly #threads: CompareThreads;
  readonly #spool: PatchSpool;
  readonly #lateSpool: PatchSpool;
  readonly #writer: PatchWriter;
  readonly #late: number[] = [];
  #bytes = 0;

  constructor(file: PatchFile, material: DeltaMaterial) {
    this.#file = file;
    this.#material = material;
    const { pageSize, pages, signal } = file;
    this.#threads = new CompareThreads({ ...material, pageSize, pages, cells: createIndexMemory() }, signal);
    this.#spool = new PatchSpool(`${file.path}.spool`);
    this.#lateSpool = new PatchSpool(`${file.path}.late`);
    this.#writer = new PatchWriter(file);
  }

  /** That the delta takes so far, about, before it is packed. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Has a block compared. @throws {PatchDamaged} when a delta of the chain is not what was written, or the system error */
  make(block: ChangedBlock): Promise<MadePatches> {
    return this.#threads.ask(block);
  }

  /** Takes what was made of a block, and the numbers of its pages that the chain has not; block by block in their order. */
  async append({ list, late }: MadePatches, added: readonly number[]): Promise<void> {
    // The chain ends once, so that those ahead of it come first.
    this.#late.push(...late, ...added);
    this.#bytes += list.length + (late.length + added.length) * this.#file.pageSize * LATE;
    await this.#spool.append(list);
  }

  /** Ends the delta; the file is not synced. @returns SHA-256 of the stream */
  async finish(): Promise<string> {
    this.#writer.begin(await this.#makeAllLate());
    for (const pageNumber of this.#late) {
      await this.#spool.passOn(pageNumber, this.#writer);
      await this.#lateSpool.passOn(pageNumber + 1, this.#writer);
    }
    await this.#spool.passOn(Number.POSITIVE_INFINITY, this.#writer);
    return this.#writer.finish();
  }

  async close(): Promise<void> {
    await this.#threads.close();
    await Promise.all([this.#spool.close(), this.#lateSpool.close(), this.#writer.close()]);
  }

  /** Returns the pages of the base that are to be kept for them. */
  async #makeAllLate(): Promise<Uint32Array> {
    const isKept = new Uint8Array(this.#material.basePages + 1);
    if (this.#late.length === 0) return new Uint32Array();
    const origins = await readOrigins(this.#material.origins, this.#file.pages);
    const making: Promise<MadePatches>[] = [];
    const take = async () => {
      const made = await making.shift();
      this.#file.signal.throwIfAborted();
      if (made === undefined) return;
      for (const page of made.kept) isKept[page] = 1;
      await this.#lateSpool.append(made.list);
    };
    for (const late of this.#lateBlocks()) {
      making.push(this.#threads.ask({ late, origins }));
      if (making.length === LATE_AHEAD) await take();
    }
    while (making.length > 0) await take();
    await saveOrigins(this.#material.origins, origins);
    return numbersOf(isKept);
  }

  /** Late pages, those of one block at a time. */
  *#lateBlocks(): Generator<number[]> {
    const blockOf = (pageNumber = 1) => Math.floor(((pageNumber - 1) * this.#file.pageSize) / BLOCK_BYTES);
    for (let start = 0, end = 0; start < this.#late.length; start = end) {
      while (end < this.#late.length && blockOf(this.#late[end]) === blockOf(this.#late[start])) end++;
      yield this.#late.slice(start, end);
    }
  }
}

/** Indexes of what is 1. */
function numbersOf(marks: Uint8Array): Uint32Array {
  const numbers = new Uint32Array(marks.reduce((sum, one) => sum + one, 0));
  for (let page = 0, at = 0; page < marks.length; page++) if (marks[page] === 1) numbers[at++] = page;
  return numbers;
}
