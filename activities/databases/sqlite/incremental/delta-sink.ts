import type { Programs } from '../../../../process/programs.ts';
import { DeltaPatches } from './delta-patches.ts';
import type { LateFiles } from './late-pages.ts';
import { WalWriter } from './wal-file.ts';
import { FRAME_HEADER_BYTES } from './wal-format.ts';

/** So many bytes of pages stay a log: nothing is won that would be worth a second tool in a restore. */
const MAX_LOG_BYTES = 8 * 1024 * 1024;

/** Takes the pages of a delta, in their order. */
export interface DeltaSink {
  /** Whether it makes use of what a page was before. */
  readonly takesBefore: boolean;
  readonly pages: number;
  /** What the delta takes so far, before it is packed. */
  readonly bytes: number;
  append(pageNumber: number, page: Buffer, before: Buffer | undefined): Promise<void> | void;
  /** To be waited for after each block. */
  flush(): Promise<void>;
  /** Ends the delta; the file is not synced. */
  finish(): Promise<WrittenFile>;
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
  /** What patches are made of. */
  files: Omit<LateFiles, 'pageSize' | 'pages'>;
  /** That the database has. */
  databasePages: number;
  signal: AbortSignal;
}

/** A log where little has changed or there is no zstd, else patches. */
export function createSink(job: SinkJob): DeltaSink {
  return job.zstd === undefined ? new LogSink(job) : new PatchSink(job, job.zstd);
}

class LogSink implements DeltaSink {
  readonly takesBefore = false;
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

  async append(pageNumber: number, page: Buffer): Promise<void> {
    this.#wal ??= await WalWriter.create(this.#job.paths.wal, this.#job.pageSize);
    await this.#wal.append(pageNumber, page);
  }

  async flush(): Promise<void> {
    // A page at a time is written as it comes.
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
  readonly takesBefore = true;
  readonly #job: SinkJob;
  readonly #patches: DeltaPatches;
  /** As long as it may stay a log. */
  #held: { pageNumber: number; page: Buffer }[] | undefined = [];
  #heldBytes = 0;
  pages = 0;

  constructor(job: SinkJob, programs: Programs) {
    const { pageSize, databasePages, paths, signal } = job;
    this.#job = job;
    this.#patches = new DeltaPatches(
      { programs, path: paths.patch, pageSize, pages: databasePages, signal },
      { ...job.files, pageSize, pages: databasePages },
    );
  }

  get bytes(): number {
    return this.#held === undefined ? this.#patches.bytes : this.#heldBytes;
  }

  append(pageNumber: number, page: Buffer, before: Buffer | undefined): void {
    this.#patches.append(pageNumber, page, before);
    this.pages++;
    this.#heldBytes += FRAME_HEADER_BYTES + page.length;
    if (this.#heldBytes > MAX_LOG_BYTES) this.#held = undefined;
    this.#held?.push({ pageNumber, page: Buffer.from(page) });
  }

  async flush(): Promise<void> {
    if (this.#held === undefined) await this.#patches.flush();
  }

  async finish(): Promise<WrittenFile> {
    if (this.#held === undefined) return { path: this.#job.paths.patch, stream: await this.#patches.finish() };
    const log = new LogSink(this.#job);
    try {
      for (const { pageNumber, page } of this.#held) await log.append(pageNumber, page);
      return await log.finish();
    } finally {
      await log.close();
    }
  }

  async close(): Promise<void> {
    await this.#patches.close();
  }
}
