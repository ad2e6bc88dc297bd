import { open } from 'node:fs/promises';
import { readFully, writeFully } from './file-bytes.ts';

/**
 * Of pages that SQLite rebuilt since the base: which pages of the base have most of their cells. It only says where to look, so it is never
 * synced, and whatever it says does no harm.
 */
export const ORIGINS_NAME = 'origins';

/** That are kept of a page. */
const ORIGINS = 3;

/** Origins of all pages of a database; 12 bytes of memory for each page. */
export class Origins {
  readonly #path: string;
  readonly #numbers: Uint32Array;
  #isChanged = false;

  private constructor(path: string, numbers: Uint32Array) {
    this.#path = path;
    this.#numbers = numbers;
  }

  /** @throws the system error */
  static async open(path: string, pages: number): Promise<Origins> {
    const numbers = new Uint32Array(pages * ORIGINS);
    const file = await open(path, 'a+', 0o600);
    try {
      await readFully(file, Buffer.from(numbers.buffer), 0);
    } finally {
      await file.close();
    }
    return new Origins(path, numbers);
  }

  /** Pages of the base, from 1. */
  of(pageNumber: number): number[] {
    const start = (pageNumber - 1) * ORIGINS;
    return [...this.#numbers.subarray(start, start + ORIGINS)].filter((origin) => origin > 0);
  }

  /** Takes as many as are kept, from the first. */
  note(pageNumber: number, origins: readonly number[]): void {
    const start = (pageNumber - 1) * ORIGINS;
    for (let index = 0; index < ORIGINS; index++) this.#numbers[start + index] = origins[index] ?? 0;
    this.#isChanged = true;
  }

  /** What cannot be written is lost, which makes later deltas larger and nothing wrong. */
  async save(): Promise<void> {
    if (this.#isChanged) await this.#write().catch(() => undefined);
  }

  async #write(): Promise<void> {
    const file = await open(this.#path, 'w', 0o600);
    try {
      await writeFully(file, Buffer.from(this.#numbers.buffer), 0);
    } finally {
      await file.close();
    }
  }
}
