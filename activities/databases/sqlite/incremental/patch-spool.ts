import { type FileHandle, open, rm } from 'node:fs/promises';
import { readFully, writeFully } from './file-bytes.ts';
import type { PagePatch, PatchTaker } from './patch-format.ts';

/** No patch lies across two chunks. */
const CHUNK_BYTES = 1024 * 1024;
/** u32 page number, or 0 where a chunk has no more; u16 kind, u32 bytes. */
const HEAD_BYTES = 10;

interface Reading {
  chunk: Buffer;
  number: number;
  at: number;
}

/** Keeps patches on the disk until those of the pages between them are known. */
export class PatchSpool implements PatchTaker {
  readonly #path: string;
  #file: FileHandle | undefined;
  readonly #full: Buffer[] = [];
  #written = 0;
  #chunk = Buffer.alloc(CHUNK_BYTES);
  #filled = 0;
  /** The chunk that is being read, and where in it. */
  #reading: Reading | undefined;

  /** `path`: a file that is there for as long as this is open. */
  constructor(path: string) {
    this.#path = path;
  }

  append(pageNumber: number, { kind, bytes }: PagePatch): void {
    if (this.#filled + HEAD_BYTES + bytes.length > CHUNK_BYTES) {
      this.#full.push(this.#chunk);
      this.#chunk = Buffer.alloc(CHUNK_BYTES);
      this.#filled = 0;
    }
    this.#chunk.writeUInt32LE(pageNumber, this.#filled);
    this.#chunk.writeUInt16LE(kind, this.#filled + 4);
    this.#chunk.writeUInt32LE(bytes.length, this.#filled + 6);
    this.#chunk.set(bytes, this.#filled + HEAD_BYTES);
    this.#filled += HEAD_BYTES + bytes.length;
  }

  async flush(): Promise<void> {
    for (const chunk of this.#full.splice(0)) {
      this.#file ??= await open(this.#path, 'w+', 0o600);
      await writeFully(this.#file, chunk, this.#written * CHUNK_BYTES);
      this.#written++;
    }
  }

  /** Hands over the patches of the pages ahead of one that were not yet. Nothing may be appended any more. */
  async passOn(beforePage: number, taker: PatchTaker): Promise<void> {
    await this.flush();
    this.#reading ??= await this.#read(0);
    for (;;) {
      if (!this.#passChunk(this.#reading, beforePage, taker)) return;
      await taker.flush();
      if (this.#reading.number === this.#written) return;
      this.#reading = await this.#read(this.#reading.number + 1);
    }
  }

  async close(): Promise<void> {
    if (this.#file === undefined) return;
    await this.#file.close();
    await rm(this.#path, { force: true });
  }

  /** Whether the chunk has come to its end. */
  #passChunk(reading: Reading, beforePage: number, taker: PatchTaker): boolean {
    const { chunk } = reading;
    while (reading.at + HEAD_BYTES <= CHUNK_BYTES) {
      const pageNumber = chunk.readUInt32LE(reading.at);
      if (pageNumber === 0) return true;
      if (pageNumber >= beforePage) return false;
      const kind = chunk.readUInt16LE(reading.at + 4) as PagePatch['kind'];
      const start = reading.at + HEAD_BYTES;
      reading.at = start + chunk.readUInt32LE(reading.at + 6);
      taker.append(pageNumber, { kind, bytes: chunk.subarray(start, reading.at) });
    }
    return true;
  }

  /** The last chunk was never written. */
  async #read(number: number): Promise<Reading> {
    if (number === this.#written || this.#file === undefined) return { chunk: this.#chunk, number, at: 0 };
    const chunk = await readFully(this.#file, Buffer.allocUnsafe(CHUNK_BYTES), number * CHUNK_BYTES);
    if (chunk.length < CHUNK_BYTES) throw new Error(`${this.#path} has become shorter`);
    return { chunk, number, at: 0 };
  }
}
