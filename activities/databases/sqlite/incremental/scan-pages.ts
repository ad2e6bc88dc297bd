import { type FileHandle, open } from 'node:fs/promises';
import type { HashOptions, HashResult } from '../../../stage/copy-file.ts';
import { BtreePages } from './btree-pages.ts';
import { HashThreads } from './hash-threads.ts';

/** Pages that follow one another, with their digests. */
export interface PageBlock {
  /** Number of the first one, from 1. */
  firstPage: number;
  /** Valid until `consume` returns. */
  pages: Buffer;
  digests: Buffer;
}

export interface ScanOptions extends HashOptions {
  pageSize: number;
  /** So much of the file is read; it must not change meanwhile. */
  bytes: number;
  /** Gets each block in its order. */
  consume: (block: PageBlock) => Promise<void>;
}

export const BLOCK_BYTES = 4 * 1024 * 1024;
/** One is read, one hashed, one consumed. */
const BUFFERS = 3;

export interface ScannedPages {
  /** Of the file as it was read. */
  database: HashResult;
  btrees: BtreePages;
}

/**
 * Reads a file once, from its start, and hashes each page and the whole in threads, so that this thread goes on heartbeating. Memory
 * does not grow with the file.
 *
 * @throws the signal's reason, the system error, or what `consume` throws
 */
export async function scanPages(path: string, options: ScanOptions): Promise<ScannedPages> {
  const file = await open(path, 'r');
  const buffers = Array.from({ length: BUFFERS }, () => new SharedArrayBuffer(BLOCK_BYTES));
  const threads = new HashThreads(buffers, options.pageSize);
  const btrees = new BtreePages(options);
  try {
    const bytes = await scan({ file, buffers, threads, btrees }, options);
    return { database: { bytes, sha256: await threads.finish() }, btrees };
  } finally {
    await threads.close();
    await file.close();
  }
}

interface Scan {
  file: FileHandle;
  buffers: readonly SharedArrayBuffer[];
  threads: HashThreads;
  btrees: BtreePages;
}

async function scan({ file, buffers, threads, btrees }: Scan, options: ScanOptions): Promise<number> {
  const { bytes, pageSize, consume, signal } = options;
  let hashing: Promise<PageBlock> | undefined;
  let position = 0;
  for (let round = 0; position < bytes; round++) {
    signal.throwIfAborted();
    const slot = round % buffers.length;
    const pages = Buffer.from(buffers[slot] as SharedArrayBuffer, 0, Math.min(BLOCK_BYTES, bytes - position));
    await fill(file, pages, position);
    const firstPage = position / pageSize + 1;
    const next = threads.digest(slot, pages.length).then((digests) => ({ firstPage, pages, digests }));
    // Should the block before fail, nobody waits for this one.
    next.catch(() => undefined);
    btrees.take({ firstPage, pages });
    if (hashing !== undefined) await consume(await hashing);
    hashing = next;
    position += pages.length;
    options.onProgress?.(position);
  }
  if (hashing !== undefined) await consume(await hashing);
  signal.throwIfAborted();
  return position;
}

async function fill(file: FileHandle, buffer: Buffer, position: number): Promise<void> {
  for (let filled = 0; filled < buffer.length; ) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, position + filled);
    if (bytesRead === 0) throw new Error(`the file ended ${buffer.length - filled} bytes too early while it was read`);
    filled += bytesRead;
  }
}
