import { createHash, hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { readFully } from './file-bytes.ts';
import { DIGEST_BYTES } from './page-digests.ts';

/** Whether a page is the one that a table, or a part of it, has the digest of at an index. */
export function hasDigest(page: Buffer, digests: Buffer, index: number): boolean {
  const start = index * DIGEST_BYTES;
  const end = start + DIGEST_BYTES;
  return end <= digests.length && digests.compare(hash('sha256', page, 'buffer'), 0, DIGEST_BYTES, start, end) === 0;
}

/**
 * A file of digests, one for each page of a database in their order, read from the first to the last. It takes 1/128 of a database with
 * pages of 4 KiB.
 */
export class PageTableReader {
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  #position = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** @throws the system error */
  static async open(path: string): Promise<PageTableReader> {
    return new PageTableReader(await open(path, 'r'));
  }

  /** Digests of the next `pages` pages; of fewer where the table ends. */
  async next(pages: number): Promise<Buffer> {
    const digests = await readFully(this.#file, Buffer.allocUnsafe(pages * DIGEST_BYTES), this.#position);
    this.#position += digests.length;
    this.#hash.update(digests);
    return digests;
  }

  /** Reads to the end, and returns the SHA-256 of the whole file (PagesHash). Nothing may be read afterwards. */
  async finish(): Promise<string> {
    while ((await this.next(32_768)).length > 0);
    return this.#hash.digest('hex');
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** Writes a new table, of mode 0600. */
export class PageTableWriter {
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** @throws the system error, also when the file is there already. */
  static async create(path: string): Promise<PageTableWriter> {
    return new PageTableWriter(await open(path, 'wx', 0o600));
  }

  async append(digests: Buffer): Promise<void> {
    this.#hash.update(digests);
    for (let offset = 0; offset < digests.length; ) offset += (await this.#file.write(digests, offset)).bytesWritten;
  }

  /** SHA-256 of the whole file (PagesHash), which is not synced. Nothing may be written afterwards. */
  finish(): string {
    return this.#hash.digest('hex');
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
