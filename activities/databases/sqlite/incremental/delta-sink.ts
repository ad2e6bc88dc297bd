import type { Programs } from '../../../../process/programs.ts';
import { type DeltaMaterial, DeltaPatches } from './delta-patches.ts';
import type { MadePatches } from './page-comparer.ts';
import type { PageBlock } from './scan-pages.ts';
import { WalWriter } from './wal-file.ts';
import { FRAME_HEADER_BYTES } from './wal-format.ts';

/** So many bytes of pages stay a log: nothing is won that would be worth a second tool in a restore. */
const MAX_LOG_BYTES = 8 * 1024 * 1024;

/** Pages that follow one another, some of which go into the delta. */
export interface DeltaBlock {
  firstPage: number;
  /** At the start of its memory, valid until it was appended. */
  pages: Buffer;
  /** Of as many of them as the chain has. */
  digests: Buffer;
  /** Numbers of those that changed and that the chain has, ascending. */
  changed: readonly number[];
  /** Numbers of those that the chain has not, ascending. */
  added: readonly number[];
  /** What deltas that the overlay has not changed in the block, from the oldest one on (patch-list.ts). */
  lists: readonly Uint8Array<ArrayBuffer>[];
}

/** As it was read: in a memory that threads share. */
type SharedBlock = DeltaBlock & Pick<PageBlock, 'pages'>;

/** Takes the pages of a delta, in their order. */
export interface DeltaSink {
  readonly pages: number;
  /** What the delta takes so far, before it is packed. */
  readonly bytes: number;
  /**
   * Begins with a block, while others before it are not yet there.
   *
   * @throws {PatchDamaged} when a delta of the chain is not what was written, or the system error
   */
  prepare(block: SharedBlock): Promise<MadePatches | undefined>;
  /** Takes a block, with what was prepared for it; block by block in their order. */
  append(block: DeltaBlock, made: MadePatches | undefined): Promise<void>;
  /** Ends the delta; the file is not synced. */
  finish(): Promise<WrittenFile>;
  /** Returns once nothing is prepared any more, whatever became of it. */
  close(): Promise<void>;
}

/** `stream`: SHA-256 of what zstd packed, where it did. */
export interface WrittenFile {
  path: string;
  stream?: string;
}

export interface SinkJob {
  /** Undefined where there is no zstd. */
  zstd: Programs | undefined;
  /** New files, of which one is made. */
  paths: { wal: string; patch: string };
  pageSize: number;
  material: DeltaMaterial;
  /** That the database has. */
  databasePages: number;
  signal: AbortSignal;
}

/** A log where little has changed or there is no zstd, else patches. */
export function createSink(job: SinkJob): DeltaSink {
  return job.zstd === undefined ? new LogSink(job) : new PatchSink(job, job.zstd);
}

class LogSink implements DeltaSink {
  readonly #job: SinkJob;
  #wal: WalWriter | undefined;

  constructor(job: SinkJob) {
    this.#job = job;
  }

  get pages(): number {
    return this.#wal?.frames ?? 0;
  }

  get bytes(): number {
    return this.#wal?.bytes ?? 0;
  }

  async prepare(): Promise<undefined> {
    // What a page was before is of no use.
  }

  async append(block: DeltaBlock): Promise<void> {
    for (const pageNumber of numbersIn(block)) await this.appendPage(pageNumber, pageOf(block, pageNumber, this.#job));
  }

  async appendPage(pageNumber: number, page: Uint8Array): Promise<void> {
    this.#wal ??= await WalWriter.create(this.#job.paths.wal, this.#job.pageSize);
    await this.#wal.append(pageNumber, page);
  }

  async finish(): Promise<WrittenFile> {
    await this.#wal?.finish(this.#job.databasePages);
    return { path: this.#job.paths.wal };
  }

  async close(): Promise<void> {
    await this.#wal?.close();
  }
}

class PatchSink implements DeltaSink {
  readonly #job: SinkJob;
  readonly #patches: DeltaPatches;
  /** As long as it may stay a log. */
  #held: { pageNumber: number; page: Buffer }[] | undefined = [];
  #heldBytes = 0;
  pages = 0;

  constructor(job: SinkJob, programs: Programs) {
    const { pageSize, databasePages, paths, signal } = job;
    this.#job = job;
    const file = { programs, path: paths.patch, pageSize, pages: databasePages, signal };
    this.#patches = new DeltaPatches(file, job.material);
  }

  get bytes(): number {
    return this.#held === undefined ? this.#patches.bytes : this.#heldBytes;
  }

  async prepare(block: SharedBlock): Promise<MadePatches | undefined> {
    const { firstPage, pages, digests, changed, lists } = block;
    if (changed.length === 0 && lists.length === 0) return undefined;
    return this.#patches.make({ firstPage, memory: pages.buffer, digests, changed, lists });
  }

  async append(block: DeltaBlock, made: MadePatches = NOTHING): Promise<void> {
    const numbers = numbersIn(block);
    this.pages += numbers.length;
    this.#heldBytes += numbers.length * (FRAME_HEADER_BYTES + this.#job.pageSize);
    if (this.#heldBytes > MAX_LOG_BYTES) this.#held = undefined;
    this.#held?.push(...numbers.map((pageNumber) => ({ pageNumber, page: Buffer.from(pageOf(block, pageNumber, this.#job)) })));
    await this.#patches.append(made, block.added);
  }

  async finish(): Promise<WrittenFile> {
    if (this.#held === undefined) return { path: this.#job.paths.patch, stream: await this.#patches.finish() };
    const log = new LogSink(this.#job);
    try {
      for (const { pageNumber, page } of this.#held) await log.appendPage(pageNumber, page);
      return await log.finish();
    } finally {
      await log.close();
    }
  }

  async close(): Promise<void> {
    await this.#patches.close();
  }
}

const NOTHING: MadePatches = { list: new Uint8Array(), late: [], kept: [] };

function numbersIn({ changed, added }: DeltaBlock): number[] {
  return [...changed, ...added];
}

function pageOf({ firstPage, pages }: DeltaBlock, pageNumber: number, { pageSize }: SinkJob): Buffer {
  const start = (pageNumber - firstPage) * pageSize;
  return pages.subarray(start, start + pageSize);
}
