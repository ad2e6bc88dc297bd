import { Worker } from 'node:worker_threads';
import { DIGEST_BYTES } from './page-table.ts';

/**
 * What a thread runs, as text: Node 20 can start neither a .ts file nor find the compiled one from the sources. A thread starts no
 * program: a child's death signal comes when the thread that started it ends.
 */
const PAGES_THREAD = `
const { hash } = require('node:crypto');
const { parentPort, workerData } = require('node:worker_threads');
const { buffers, pageSize, digestBytes } = workerData;
// Made once: to make one for each page, and a buffer for each digest, takes a quarter as long as the hashing.
const blocks = buffers.map((buffer) =>
  Array.from({ length: buffer.byteLength / pageSize }, (_, page) => new Uint8Array(buffer, page * pageSize, pageSize)),
);
parentPort.on('message', ({ slot, bytes }) => {
  const digests = Buffer.from(new ArrayBuffer(Math.ceil(bytes / pageSize) * digestBytes));
  for (let page = 0, start = 0; start < bytes; page++, start += pageSize) {
    const whole = blocks[slot][page];
    const digest = hash('sha256', bytes - start < pageSize ? whole.subarray(0, bytes - start) : whole, 'binary');
    digests.latin1Write(digest, page * digestBytes, digestBytes);
  }
  parentPort.postMessage(digests, [digests.buffer]);
});`;

const WHOLE_THREAD = `
const { createHash } = require('node:crypto');
const { parentPort, workerData } = require('node:worker_threads');
const whole = createHash('sha256');
parentPort.on('message', ({ slot, bytes }) => {
  if (bytes > 0) whole.update(Buffer.from(workerData.buffers[slot], 0, bytes));
  parentPort.postMessage(bytes > 0 ? undefined : whole.digest('hex'));
});`;

interface Block {
  slot: number;
  bytes: number;
}

/** Answers come in the order of the questions. */
class Thread<Answer> {
  readonly #worker: Worker;
  readonly #waiting: { resolve: (answer: Answer) => void; reject: (error: unknown) => void }[] = [];
  #error: Error | undefined;

  constructor(code: string, workerData: object) {
    this.#worker = new Worker(code, { eval: true, workerData, env: {}, execArgv: [] });
    this.#worker.on('message', (answer: Answer) => this.#waiting.shift()?.resolve(answer));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('a thread that hashes pages ended')));
  }

  ask(block: Block): Promise<Answer> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
      this.#worker.postMessage(block);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(error: Error): void {
    this.#error ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

/** Hashes blocks of a file as a whole, in a thread. */
export class WholeHashThread {
  readonly #whole: Thread<string | undefined>;

  /** `buffers` are shared with the thread, which reads what is in them when asked. */
  constructor(buffers: readonly SharedArrayBuffer[]) {
    this.#whole = new Thread(WHOLE_THREAD, { buffers });
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
  readonly #pages: Thread<Uint8Array>;
  readonly #whole: WholeHashThread;

  /** `buffers` are shared with the threads, which read what is in them when asked. */
  constructor(buffers: readonly SharedArrayBuffer[], pageSize: number) {
    this.#pages = new Thread(PAGES_THREAD, { buffers, pageSize, digestBytes: DIGEST_BYTES });
    this.#whole = new WholeHashThread(buffers);
  }

  /** Digest of each page at the start of a buffer, which must stay as it is until this returns. To be asked in the order of the file. */
  async digest(slot: number, bytes: number): Promise<Buffer> {
    const [digests] = await Promise.all([this.#pages.ask({ slot, bytes }), this.#whole.update(slot, bytes)]);
    return Buffer.from(digests.buffer, digests.byteOffset, digests.byteLength);
  }

  /** SHA-256 of all blocks together, hexadecimal. */
  async finish(): Promise<string> {
    return this.#whole.finish();
  }

  async close(): Promise<void> {
    await Promise.all([this.#pages.end(), this.#whole.close()]);
  }
}
