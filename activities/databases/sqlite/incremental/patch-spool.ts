import { type FileHandle, open, rm } from 'node:fs/promises';
import { readFully, writeFully } from './file-bytes.ts';
import type { PatchTaker } from './patch-format.ts';
import { PatchListReader } from './patch-list.ts';

/** So many bytes of lists are gathered for one write. */
const CHUNK_BYTES = 1024 * 1024;

/** Where lists that follow one another are: in the file, or the latest ones in memory. */
interface Chunk {
  position: number;
  bytes: number;
}

/** To be flushed now and then: until then all is in its memory. */
interface FlushedTaker extends PatchTaker {
  flush(): Promise<void>;
}

/** Keeps patches on the disk until those of the pages between them are known. */
export class PatchSpool {
  readonly #path: string;
  #file: FileHandle | undefined;
  readonly #chunks: Chunk[] = [];
  #written = 0;
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  /** What is being read, and how many chunks were before it. */
  #reading = new PatchListReader(new Uint8Array());
  #read = 0;

  /** `path`: a file that is there for as long as this is open. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Takes a list (patch-list.ts), whose pages follow those of the lists before it. It must stay as it is. */
  async append(list: Uint8Array): Promise<void> {
    this.#gathered.push(list);
    this.#gatheredBytes += list.length;
    if (this.#gatheredBytes >= CHUNK_BYTES) await this.#write();
  }

  /**
   * Hands over the patches of the pages ahead of one that were not yet. Nothing may be appended any more.
   *
   * @returns what is to be waited for, which is seldom anything: it is called for each of very many pages
   */
  passOn(beforePage: number, taker: FlushedTaker): Promise<void> | undefined {
    const reader = this.#reading;
    while (reader.next(beforePage)) taker.take(reader);
    if (!reader.hasEnded || this.#read > this.#chunks.length) return undefined;
    return this.#goOn(beforePage, taker);
  }

  async close(): Promise<void> {
    if (this.#file === undefined) return;
    await this.#file.close();
    await rm(this.#path, { force: true });
  }

  async #write(): Promise<void> {
    this.#file ??= await open(this.#path, 'w+', 0o600);
    const chunk = Buffer.concat(this.#gathered.splice(0));
    await writeFully(this.#file, chunk, this.#written);
    this.#chunks.push({ position: this.#written, bytes: chunk.length });
    this.#written += chunk.length;
    this.#gatheredBytes = 0;
  }

  async #goOn(beforePage: number, taker: FlushedTaker): Promise<void> {
    await taker.flush();
    this.#reading = new PatchListReader(await this.#next());
    await this.passOn(beforePage, taker);
  }

  /** The next chunk. The last one was never written. */
  async #next(): Promise<Uint8Array> {
    const chunk = this.#chunks[this.#read++];
    if (chunk === undefined || this.#file === undefined) return Buffer.concat(this.#gathered);
    const read = await readFully(this.#file, Buffer.allocUnsafe(chunk.bytes), chunk.position);
    if (read.length < chunk.bytes) throw new Error(`${this.#path} has become shorter`);
    // No Buffer, whose `subarray` takes three times as long.
    return new Uint8Array(read.buffer, read.byteOffset, read.byteLength);
  }
}
