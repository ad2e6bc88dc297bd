import type { FileHandle } from 'node:fs/promises';
import type { HashResult } from '../../../stage/copy-file.ts';
import { ReplayFailed } from '../../chain/chain-format.ts';
import { applyUpTo, type DeltaReader } from './delta-reader.ts';
import { readFully, writeFully } from './file-bytes.ts';
import { WholeHashThread } from './hash-threads.ts';
import type { Originals } from './originals.ts';
import { PatchDamaged } from './page-patch.ts';
import { BLOCK_BYTES } from './scan-pages.ts';
import { WalDamaged } from './wal-format.ts';

/** One is read, one patched, two hashed and written. */
const BUFFERS = 4;
/** So much of a base is written where one page in it has changed. */
const PIECE_BYTES = 64 * 1024;

export interface PassFiles {
  base: FileHandle;
  /** Where the database goes: another file, or the base itself. */
  to: FileHandle;
  readers: readonly { name: string; reader: DeltaReader }[];
  /** Of a base that is changed in its place. */
  originals: Originals | undefined;
  pageSize: number;
  /** Of the database. */
  bytes: number;
}

/** Calls what reads a delta. @throws {ReplayFailed} when the delta is damaged */
export async function reading<Result>(name: string, body: () => Promise<Result> | Result): Promise<Result> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof PatchDamaged || error instanceof WalDamaged)) throw error;
    throw new ReplayFailed(`${name} is not what Holdfast wrote: ${error.message}`, { cause: error });
  }
}

/** One pass over a base: each block takes the changes of all deltas, and is hashed and written. */
export class ReplayPass {
  readonly #files: PassFiles;
  readonly #buffers = Array.from({ length: BUFFERS }, () => new SharedArrayBuffer(BLOCK_BYTES));
  readonly #busy: Promise<unknown>[] = [];
  #reading: Promise<unknown> = Promise.resolve();
  readonly #hash = new WholeHashThread(this.#buffers);
  /** Whether a piece of the block at hand has changed. */
  readonly #changed = new Uint8Array(BLOCK_BYTES / PIECE_BYTES);

  constructor(files: PassFiles) {
    this.#files = files;
  }

  /** @returns size and SHA-256 of what was made @throws {ReplayFailed} */
  async run({ signal, onProgress }: { signal: AbortSignal; onProgress: (bytesDone: number) => void }): Promise<HashResult> {
    const { bytes } = this.#files;
    try {
      let next = this.#readAhead(0);
      for (let round = 0; round * BLOCK_BYTES < bytes; round++) {
        signal.throwIfAborted();
        const block = await next;
        next = this.#readAhead(round + 1);
        await this.#patch(block, round);
        this.#busy[round % BUFFERS] = this.#store(block, round);
        onProgress(Math.min(bytes, (round + 1) * BLOCK_BYTES));
      }
      await Promise.all([next, ...this.#busy]);
      await this.#files.to.truncate(bytes);
      return { bytes, sha256: await this.#hash.finish() };
    } finally {
      await Promise.allSettled([this.#reading, ...this.#busy]);
      await this.#hash.close();
    }
  }

  /** Should another block fail, nobody waits for this one, but for its end. */
  #readAhead(round: number): Promise<Buffer> {
    const reading = this.#read(round);
    this.#reading = reading.catch(() => undefined);
    return reading;
  }

  /** A block of the base, and zeros where it has ended. */
  async #read(round: number): Promise<Buffer> {
    await this.#busy[round % BUFFERS];
    const position = round * BLOCK_BYTES;
    const bytes = Math.max(0, Math.min(BLOCK_BYTES, this.#files.bytes - position));
    const block = Buffer.from(this.#buffers[round % BUFFERS] as SharedArrayBuffer, 0, bytes);
    const { length } = await readFully(this.#files.base, block, position);
    return block.fill(0, length);
  }

  async #patch(block: Buffer, round: number): Promise<void> {
    const { originals, pageSize, readers } = this.#files;
    const before = (round * BLOCK_BYTES) / pageSize;
    await originals?.save(block, before + 1);
    this.#changed.fill(0);
    // No Buffer, whose `subarray` takes three times as long.
    const place = { memory: new Uint8Array(block.buffer, block.byteOffset, block.length), start: 0 };
    const placeOf = (pageNumber: number) => {
      place.start = (pageNumber - before - 1) * pageSize;
      this.#changed[Math.floor(place.start / PIECE_BYTES)] = 1;
      return place;
    };
    for (const { name, reader } of readers) {
      await reading(name, () => applyUpTo(reader, before + Math.floor(block.length / pageSize), placeOf));
    }
  }

  #store(block: Buffer, round: number): Promise<unknown> {
    const stored = Promise.all([this.#hash.update(round % BUFFERS, block.length), this.#write(block, round)]);
    // Should another block fail, nobody waits for this one.
    stored.catch(() => undefined);
    return stored;
  }

  async #write(block: Buffer, round: number): Promise<void> {
    const position = round * BLOCK_BYTES;
    if (this.#files.originals === undefined) return writeFully(this.#files.to, block, position);
    const pieces = Math.ceil(block.length / PIECE_BYTES);
    const changed = this.#changed.slice(0, pieces);
    for (let piece = changed.indexOf(1); piece !== -1; ) {
      const found = changed.indexOf(0, piece);
      const end = found === -1 ? pieces : found;
      await writeFully(this.#files.to, block.subarray(piece * PIECE_BYTES, end * PIECE_BYTES), position + piece * PIECE_BYTES);
      piece = changed.indexOf(1, end);
    }
  }
}
