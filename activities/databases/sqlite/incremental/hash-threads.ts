import { bufferOf } from './file-bytes.ts';
import { Thread } from './threads/thread.ts';

/** What is at the start of a shared buffer. */
interface Block {
  slot: number;
  bytes: number;
}

/** Hashes blocks of a file as a whole, in a thread. */
export class WholeHashThread {
  readonly #whole: Thread<Block, string | undefined>;

  /** `buffers` are shared with the thread, which reads what is in them when asked. */
  constructor(buffers: readonly SharedArrayBuffer[]) {
    this.#whole = new Thread('hash-whole', { buffers });
  }

  /** Takes in the start of a buffer, which must stay as it is until this returns. To be asked in the order of the file. */
  async update(slot: number, bytes: number): Promise<void> {
    await this.#whole.ask({ slot, bytes });
  }

  /** SHA-256 of all blocks together, hexadecimal. */
  async finish(): Promise<string> {
    return (await this.#whole.ask({ slot: 0, bytes: 0 })) ?? '';
  }

  async close(): Promise<void> {
    await this.#whole.end();
  }
}

/** Hashes blocks of a file in two threads: each page by itself, and the file as a whole. */
export class HashThreads {
  readonly #pages: Thread<Block, Uint8Array>;
  readonly #whole: WholeHashThread;

  /** `buffers` are shared with the threads, which read what is in them when asked. */
  constructor(buffers: readonly SharedArrayBuffer[], pageSize: number) {
    this.#pages = new Thread('hash-pages', { buffers, pageSize });
    this.#whole = new WholeHashThread(buffers);
  }

  /** Digest of each page at the start of a buffer, which must stay as it is until this returns. To be asked in the order of the file. */
  async digest(slot: number, bytes: number): Promise<Buffer> {
    const [digests] = await Promise.all([this.#pages.ask({ slot, bytes }), this.#whole.update(slot, bytes)]);
    return bufferOf(digests);
  }

  /** SHA-256 of all blocks together, hexadecimal. */
  async finish(): Promise<string> {
    return this.#whole.finish();
  }

  async close(): Promise<void> {
    await Promise.all([this.#pages.end(), this.#whole.close()]);
  }
}
