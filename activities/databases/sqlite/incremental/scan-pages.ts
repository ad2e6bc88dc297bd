import { sharedMemory } from '../../../aligned-memory.ts';
import type { HashOptions } from '../../../stage/copy-file.ts';
import { AdaptiveFile } from './adaptive-file.ts';
import { BtreePages } from './btree-pages.ts';
import { PageHashThreads } from './hash-threads.ts';
import { Unsettled } from './unsettled.ts';

/** Pages that follow one another, with their digests. */
export interface PageBlock {
  /** Number of the first one, from 1. */
  firstPage: number;
  /** At the start of a memory that threads share. Valid until `consume` returns. */
  pages: Buffer<SharedArrayBuffer>;
  digests: Buffer;
}

export interface ScanOptions<Prepared> extends HashOptions {
  pageSize: number;
  /** So much of the file is read; it must not change meanwhile. */
  bytes: number;
  /** Gets each block in its order, one at a time, while fewer than {@link PREPARED} before it are not yet consumed. */
  prepare: (block: PageBlock) => Promise<Prepared>;
  /** Gets each block in its order, one at a time, with what was prepared for it. */
  consume: (block: PageBlock, prepared: Prepared) => Promise<void>;
}

export const BLOCK_BYTES = 4 * 1024 * 1024;
/** A disk that is asked for one block after the other stands still while threads that hash keep all cores from asking. */
const READS = 2;
/** Blocks that are prepared ahead: what that waits for comes from a disk page by page. */
export const PREPARED = 3;
/** Two are hashed besides; two more, so that none of them waits for each hitch of another. */
const BUFFERS = READS + PREPARED + 4;

export interface ScannedPages {
  /** Of the file as it was read. */
  bytes: number;
  btrees: BtreePages;
}

/**
 * Reads a file once, from its start, and hashes each page in threads, so that this thread goes on heartbeating. Memory does not grow
 * with the file.
 *
 * @throws the signal's reason, the system error, or what `prepare` or `consume` throws; neither of them runs any more then
 */
export async function scanPages<Prepared>(path: string, options: ScanOptions<Prepared>): Promise<ScannedPages> {
  const buffers = Array.from({ length: BUFFERS }, () => sharedMemory(BLOCK_BYTES));
  const file = await AdaptiveFile.open(path);
  const threads = new PageHashThreads(buffers, options.pageSize);
  const btrees = new BtreePages(options);
  const stages = new Stages(options);
  try {
    const bytes = await scan({ file, buffers, threads, btrees, stages }, options);
    return { bytes, btrees };
  } finally {
    await threads.close();
    await stages.settled();
    await file.close();
  }
}

interface Scan {
  file: AdaptiveFile;
  buffers: readonly SharedArrayBuffer[];
  threads: PageHashThreads;
  btrees: BtreePages;
  stages: { push: (hashing: Promise<PageBlock>) => Promise<void> };
}

async function scan(
  { file, buffers, threads, btrees, stages }: Scan,
  { bytes, pageSize, signal, onProgress }: Omit<ScanOptions<never>, 'prepare' | 'consume'>,
): Promise<number> {
  const consumed: Promise<void>[] = [];
  const read = async (round: number): Promise<PageBlock['pages']> => {
    const slot = round % buffers.length;
    await consumed[slot];
    signal.throwIfAborted();
    return readBlock(file, buffers[slot] as SharedArrayBuffer, { position: round * BLOCK_BYTES, bytes });
  };
  const ahead: Promise<PageBlock['pages']>[] = [];
  const readAhead = (round: number) => {
    const reading = read(round);
    // Should a block before it fail, nobody waits for this one, but for its end.
    reading.catch(() => undefined);
    ahead.push(reading);
  };
  try {
    for (let round = 0, position = 0; position < bytes; round++) {
      for (let next = round + ahead.length; ahead.length < READS && next * BLOCK_BYTES < bytes; next++) readAhead(next);
      const pages = await (ahead[0] as Promise<PageBlock['pages']>);
      void ahead.shift();
      signal.throwIfAborted();
      const slot = round % buffers.length;
      const firstPage = position / pageSize + 1;
      consumed[slot] = stages.push(threads.digest(slot, pages.length).then((digests) => ({ firstPage, pages, digests })));
      btrees.take({ firstPage, pages });
      position += pages.length;
      onProgress?.(position);
    }
    await Promise.all(consumed);
    signal.throwIfAborted();
    return bytes;
  } finally {
    await Promise.allSettled(ahead);
  }
}

/** Returns the part of the memory that the block takes. */
async function readBlock(
  file: AdaptiveFile,
  memory: SharedArrayBuffer,
  { position, bytes }: { position: number; bytes: number },
): Promise<PageBlock['pages']> {
  // The whole memory: past the page cache there is no reading up to anywhere in a sector.
  const [read = 0] = await file.read([{ memory: Buffer.from(memory), position }]);
  const block = Buffer.from(memory, 0, Math.min(BLOCK_BYTES, bytes - position));
  if (read < block.length) throw new Error(`the file ended ${block.length - read} bytes too early while it was read`);
  return block;
}

/** Has blocks prepared and consumed as their digests come. */
class Stages<Prepared> {
  readonly #options: Pick<ScanOptions<Prepared>, 'prepare' | 'consume' | 'signal'>;
  #prepared: Promise<unknown> = Promise.resolve();
  #consumed: Promise<void> = Promise.resolve();
  /** The latest ones, from the oldest on. */
  readonly #consuming: Promise<void>[] = Array.from({ length: PREPARED }, () => Promise.resolve());
  readonly #unsettled = new Unsettled();

  constructor(options: Pick<ScanOptions<Prepared>, 'prepare' | 'consume' | 'signal'>) {
    this.#options = options;
  }

  /** @returns when the block was consumed */
  push(hashing: Promise<PageBlock>): Promise<void> {
    const { prepare, consume, signal } = this.#options;
    const preparing = Promise.all([hashing, this.#prepared, this.#consuming[0]]).then(([block]) => {
      signal.throwIfAborted();
      return prepare(block);
    });
    const consuming = Promise.all([hashing, preparing, this.#consumed]).then(([block, prepared]) => consume(block, prepared));
    // Should the block before fail, nobody waits for them.
    this.#unsettled.note(preparing);
    this.#unsettled.note(consuming);
    this.#prepared = preparing;
    this.#consumed = consuming;
    this.#consuming.push(consuming);
    void this.#consuming.shift();
    return consuming;
  }

  /** Returns once nothing is prepared or consumed any more, whatever became of it. */
  async settled(): Promise<void> {
    await this.#unsettled.settled();
  }
}
