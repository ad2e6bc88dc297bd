import { type FileHandle, open } from 'node:fs/promises';
import type { HashOptions, HashResult } from '../../../stage/copy-file.ts';
import { BtreePages } from './btree-pages.ts';
import { readFully } from './file-bytes.ts';
import { HashThreads } from './hash-threads.ts';

/** Pages that follow one another, with their digests. */
export interface PageBlock {
  /** Number of the first one, from 1. */
  firstPage: number;
  /** Valid until `consume` returns. */
  pages: Buffer;
  digests: Buffer;
}

export interface ScanOptions<Prepared> extends HashOptions {
  pageSize: number;
  /** So much of the file is read; it must not change meanwhile. */
  bytes: number;
  /** Gets each block in its order, one at a time, while at most the one before is still being consumed. */
  prepare: (block: PageBlock) => Promise<Prepared>;
  /** Gets each block in its order, one at a time, with what was prepared for it. */
  consume: (block: PageBlock, prepared: Prepared) => Promise<void>;
}

export const BLOCK_BYTES = 4 * 1024 * 1024;
/** One is read, one hashed, one prepared and one consumed; two more, so that none of them waits for each hitch of another. */
const BUFFERS = 6;

export interface ScannedPages {
  /** Of the file as it was read. */
  database: HashResult;
  btrees: BtreePages;
}

/**
 * Reads a file once, from its start, and hashes each page and the whole in threads, so that this thread goes on heartbeating. Memory
 * does not grow with the file.
 *
 * @throws the signal's reason, the system error, or what `prepare` or `consume` throws; neither of them runs any more then
 */
export async function scanPages<Prepared>(path: string, options: ScanOptions<Prepared>): Promise<ScannedPages> {
  const file = await open(path, 'r');
  const buffers = Array.from({ length: BUFFERS }, () => new SharedArrayBuffer(BLOCK_BYTES));
  const threads = new HashThreads(buffers, options.pageSize);
  const btrees = new BtreePages(options);
  const stages = new Stages(options);
  try {
    const bytes = await scan({ file, buffers, threads, btrees, stages }, options);
    return { database: { bytes, sha256: await threads.finish() }, btrees };
  } finally {
    await threads.close();
    await stages.settled();
    await file.close();
  }
}

interface Scan {
  file: FileHandle;
  buffers: readonly SharedArrayBuffer[];
  threads: HashThreads;
  btrees: BtreePages;
  stages: { push: (hashing: Promise<PageBlock>) => Promise<void> };
}

async function scan(
  { file, buffers, threads, btrees, stages }: Scan,
  { bytes, pageSize, signal, onProgress }: Omit<ScanOptions<never>, 'prepare' | 'consume'>,
): Promise<number> {
  const consumed: Promise<void>[] = [];
  let position = 0;
  for (let round = 0; position < bytes; round++) {
    signal.throwIfAborted();
    const slot = round % buffers.length;
    await consumed[slot];
    const pages = Buffer.from(buffers[slot] as SharedArrayBuffer, 0, Math.min(BLOCK_BYTES, bytes - position));
    await fill(file, pages, position);
    const firstPage = position / pageSize + 1;
    consumed[slot] = stages.push(threads.digest(slot, pages.length).then((digests) => ({ firstPage, pages, digests })));
    btrees.take({ firstPage, pages });
    position += pages.length;
    onProgress?.(position);
  }
  await Promise.all(consumed);
  signal.throwIfAborted();
  return position;
}

/** Has blocks prepared and consumed as their digests come. */
class Stages<Prepared> {
  readonly #options: Pick<ScanOptions<Prepared>, 'prepare' | 'consume' | 'signal'>;
  #prepared: Promise<unknown> = Promise.resolve();
  #consumed: Promise<void> = Promise.resolve();
  /** The block before the newest. */
  #consumedBefore: Promise<void> = Promise.resolve();
  readonly #unsettled = new Set<Promise<unknown>>();

  constructor(options: Pick<ScanOptions<Prepared>, 'prepare' | 'consume' | 'signal'>) {
    this.#options = options;
  }

  /** @returns when the block was consumed */
  push(hashing: Promise<PageBlock>): Promise<void> {
    const { prepare, consume, signal } = this.#options;
    const preparing = Promise.all([hashing, this.#prepared, this.#consumedBefore]).then(([block]) => {
      signal.throwIfAborted();
      return prepare(block);
    });
    const consuming = Promise.all([hashing, preparing, this.#consumed]).then(([block, prepared]) => consume(block, prepared));
    this.#note(preparing);
    this.#note(consuming);
    this.#prepared = preparing;
    this.#consumedBefore = this.#consumed;
    this.#consumed = consuming;
    return consuming;
  }

  /** Returns once nothing is prepared or consumed any more, whatever became of it. */
  async settled(): Promise<void> {
    await Promise.all(this.#unsettled);
  }

  /** Should the block before fail, nobody waits for this one. */
  #note(stage: Promise<unknown>): void {
    const settled: Promise<unknown> = stage.catch(() => undefined).then(() => this.#unsettled.delete(settled));
    this.#unsettled.add(settled);
  }
}

async function fill(file: FileHandle, buffer: Buffer, position: number): Promise<void> {
  const { length } = await readFully(file, buffer, position);
  if (length < buffer.length) throw new Error(`the file ended ${buffer.length - length} bytes too early while it was read`);
}
