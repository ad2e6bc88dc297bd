import { type FileHandle, open } from 'node:fs/promises';
import { readFully, readFullySync } from './file-bytes.ts';

/** A page in memory is there in 3 µs, while to wait for it takes 20; pages of a disk are better read side by side. */
const SLOW_MS = 0.05;
/** How much the latest read counts. */
const WEIGHT = 1 / 16;
/** After so many reads side by side it is looked whether they are in memory by now. */
const PATIENCE = 1024;

/** A file of pages, read in any order. */
export class PageFile {
  readonly #file: FileHandle;
  readonly #pageSize: number;
  #averageMs = 0;
  #untilTry = 0;

  private constructor(file: FileHandle, pageSize: number) {
    this.#file = file;
    this.#pageSize = pageSize;
  }

  /** @throws the system error */
  static async open(path: string, pageSize: number): Promise<PageFile> {
    return new PageFile(await open(path, 'r'), pageSize);
  }

  /** Reads a page into a memory of its size. @returns whether the file has it */
  read(pageNumber: number, target: Buffer): boolean | Promise<boolean> {
    const position = (pageNumber - 1) * this.#pageSize;
    if (this.#untilTry > 0) {
      this.#untilTry--;
      return readFully(this.#file, target, position).then(({ length }) => length === this.#pageSize);
    }
    const before = performance.now();
    const isThere = readFullySync(this.#file, target, position) === this.#pageSize;
    this.#averageMs += (performance.now() - before - this.#averageMs) * WEIGHT;
    if (this.#averageMs > SLOW_MS) [this.#untilTry, this.#averageMs] = [PATIENCE, 0];
    return isThere;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
