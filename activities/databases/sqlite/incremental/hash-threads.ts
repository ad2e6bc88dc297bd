import { bufferOf } from './file-bytes.ts';
import type { WholeQuestion } from './threads/hash-whole.ts';
import { Thread } from './threads/thread.ts';

/** That hash pages, however many cores there are. */
const THREADS = 2;

/** What is at the start of a shared buffer. */
interface Block {
  slot: number;
  bytes: number;
}

/** Hashes each page of blocks of a file, in turn by one thread and another. */
export class PageHashThreads {
  readonly #threads: readonly Thread<Block, Uint8Array>[];
  #turn = 0;

  /** `buffers` are shared with the threads, which read what is in them when asked. */
  constructor(buffers: readonly SharedArrayBuffer[], pageSize: number) {
    this.#threads = Array.from({ length: THREADS }, () => new Thread('hash-pages', { buffers, pageSize }));
  }

  /** Digest of each page at the start of a buffer, which must stay as it is until this returns. */
  async digest(slot: number, bytes: number): Promise<Buffer> {
    const thread = this.#threads[this.#turn] as Thread<Block, Uint8Array>;
    this.#turn = (this.#turn + 1) % THREADS;
    return bufferOf(await thread.ask({ slot, bytes }));
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.end()));
  }
}

/** Hashes a file as a whole, in a thread. */
export class WholeHashThread {
  readonly #thread = new Thread<WholeQuestion, string | undefined>('hash-whole', {});

  /** Takes in the start of a memory, which must stay as it is until this returns. To be asked in the order of the file. */
  async update(memory: SharedArrayBuffer, bytes: number): Promise<void> {
    await this.#thread.ask({ memory, bytes });
  }

  /** SHA-256 of all of it, hexadecimal. */
  async finish(): Promise<string> {
    return (await this.#thread.ask('finish')) ?? '';
  }

  async close(): Promise<void> {
    await this.#thread.end();
  }
}
