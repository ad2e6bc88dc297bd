import { createHash, hash } from 'node:crypto';
import { readSync, writeSync } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { Breath } from './breath.ts';
import { DIGEST_BYTES } from './page-table.ts';
import { readWal } from './wal-file.ts';
import { WalDamaged } from './wal-format.ts';

/**
 * The pages that are no longer those of the base, each at its own place in a file with holes; with the base it holds the database as
 * the chain has it. One bit for each page says which they are.
 */
export const OVERLAY_NAME = 'overlay.db';

/** Digests that are read from the table at once. */
const BLOCK_PAGES = 32_768;

/** Adds pages to the bits of an overlay; `bits` itself stays as it is. */
export function addPages(bits: Buffer, pages: readonly number[]): Buffer {
  const last = pages.at(-1) ?? 0;
  const added = Buffer.alloc(Math.max(bits.length, Math.ceil(last / 8)));
  bits.copy(added);
  for (const page of pages) added[(page - 1) >> 3] = (added[(page - 1) >> 3] ?? 0) | (1 << ((page - 1) & 7));
  return added;
}

/** @throws {WalDamaged} when the file is not what was written */
export async function readBits(path: string, sha256: string): Promise<Buffer> {
  const bits = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new WalDamaged(`${path} is missing`) : error;
  });
  if (sha256Of(bits) !== sha256) throw new WalDamaged(`${path} is not what was written`);
  return bits;
}

export function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Writes the pages of a delta into the overlay, and brings them to the disk. Safe to repeat. @throws {WalDamaged} */
export async function applyToOverlay(
  { overlay, delta, pageSize, sha256 }: { overlay: string; delta: string; pageSize: number; sha256: string },
  signal: AbortSignal,
): Promise<void> {
  const file = await open(overlay, 'a', 0o600).then(async (made) => {
    await made.close();
    return open(overlay, 'r+');
  });
  try {
    const frames = readWal(delta, pageSize);
    const breath = new Breath();
    for (;;) {
      const next = await frames.next();
      await breath.take(signal);
      if (next.done !== true) writePage(file, next.value.page, (next.value.pageNumber - 1) * pageSize);
      else if (next.value.sha256 === sha256) break;
      else throw new WalDamaged(`${delta} is not what was written`);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

function writePage(file: FileHandle, page: Buffer, position: number): void {
  for (let offset = 0; offset < page.length; ) {
    offset += writeSync(file.fd, page, offset, page.length - offset, position + offset);
  }
}

/** Reads pages as the chain has them. Each is compared with its digest. */
export class PriorPages {
  readonly #base: FileHandle;
  readonly #overlay: FileHandle | undefined;
  readonly #table: FileHandle;
  readonly #bits: Buffer;
  readonly #pageSize: number;
  #digests: { first: number; block: Buffer } = { first: 0, block: Buffer.alloc(0) };

  private constructor(
    files: { base: FileHandle; overlay: FileHandle | undefined; table: FileHandle },
    options: { bits: Buffer; pageSize: number },
  ) {
    this.#base = files.base;
    this.#overlay = files.overlay;
    this.#table = files.table;
    this.#bits = options.bits;
    this.#pageSize = options.pageSize;
  }

  static async open(
    paths: { base: string; overlay: string; table: string },
    options: { bits: Buffer; pageSize: number },
  ): Promise<PriorPages> {
    const base = await open(paths.base, 'r');
    const overlay = options.bits.length === 0 ? undefined : await open(paths.overlay, 'r');
    return new PriorPages({ base, overlay, table: await open(paths.table, 'r') }, options);
  }

  /** Synchronously: see {@link Breath}. @throws {WalDamaged} when a page is not what the chain should have */
  read(first: number, count: number): Buffer {
    const pages = Buffer.allocUnsafe(count * this.#pageSize);
    for (let index = 0; index < count; ) {
      const isOverlaid = this.#isOverlaid(first + index);
      let end = index + 1;
      while (end < count && this.#isOverlaid(first + end) === isOverlaid) end++;
      const file = isOverlaid ? this.#overlay : this.#base;
      const start = index * this.#pageSize;
      const bytes = (end - index) * this.#pageSize;
      const read = file === undefined ? 0 : readSync(file.fd, pages, start, bytes, (first + index - 1) * this.#pageSize);
      if (read !== bytes) throw new WalDamaged(`page ${first + index} of the chain cannot be read`);
      index = end;
    }
    for (let index = 0; index < count; index++) this.#check(first + index, pages, index);
    return pages;
  }

  async close(): Promise<void> {
    await Promise.all([this.#base.close(), this.#overlay?.close(), this.#table.close()]);
  }

  #isOverlaid(page: number): boolean {
    return ((this.#bits[(page - 1) >> 3] ?? 0) & (1 << ((page - 1) & 7))) !== 0;
  }

  #check(page: number, pages: Buffer, index: number): void {
    const { first, block } = this.#digestsAt(page);
    const start = (page - first) * DIGEST_BYTES;
    const digest = hash('sha256', pages.subarray(index * this.#pageSize, (index + 1) * this.#pageSize), 'buffer');
    if (start + DIGEST_BYTES <= block.length && block.compare(digest, 0, DIGEST_BYTES, start, start + DIGEST_BYTES) === 0) return;
    throw new WalDamaged(`page ${page} of the chain is not what was written`);
  }

  #digestsAt(page: number): { first: number; block: Buffer } {
    const { first, block: known } = this.#digests;
    if (page >= first && page < first + known.length / DIGEST_BYTES) return this.#digests;
    const block = Buffer.alloc(BLOCK_PAGES * DIGEST_BYTES);
    const bytesRead = readSync(this.#table.fd, block, 0, block.length, (page - 1) * DIGEST_BYTES);
    const loaded = { first: page, block: block.subarray(0, bytesRead) };
    this.#digests = loaded;
    return loaded;
  }
}
