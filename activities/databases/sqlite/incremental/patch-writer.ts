import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { PassThrough } from 'node:stream';
import type { ProgramResult, Programs } from '../../../../process/programs.ts';
import { PhaseError } from '../../../phase-error.ts';
import { copyBytes } from './copy-bytes.ts';
import {
  CHANGED,
  isRebuilt,
  KEPT_BYTES,
  LENGTH_BYTES,
  PATCH_MAGIC,
  type PatchTaker,
  type PlacedPatch,
  RECORD_HEAD_BYTES,
  STREAM_HEAD_BYTES,
  ZSTD_LEVEL,
} from './patch-format.ts';

const CHUNK_BYTES = 1024 * 1024;

export interface PatchFile {
  programs: Programs;
  /** A new file. */
  path: string;
  pageSize: number;
  /** That the database has. */
  pages: number;
  signal: AbortSignal;
}

/** Writes a stream of patches. Nothing touches the disk before it is first flushed. */
export class PatchWriter implements PatchTaker {
  readonly #file: PatchFile;
  readonly #hash = createHash('sha256');
  readonly #headBytes = new Uint8Array(RECORD_HEAD_BYTES + LENGTH_BYTES);
  readonly #head = new DataView(this.#headBytes.buffer);
  readonly #input = new PassThrough({ highWaterMark: 4 * CHUNK_BYTES });
  #zstd: Promise<ProgramResult> | undefined;
  #gathered: Buffer[] = [];
  #chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  #filled = 0;
  #page = 0;

  constructor(file: PatchFile) {
    this.#file = file;
  }

  /** To be called once, first. `kept`: pages of the base, ascending (patch-format.ts). */
  begin(kept: Uint32Array): void {
    const head = Buffer.alloc(STREAM_HEAD_BYTES + kept.length * KEPT_BYTES);
    PATCH_MAGIC.copy(head);
    head.writeUInt32LE(this.#file.pageSize, PATCH_MAGIC.length);
    head.writeUInt32LE(this.#file.pages, PATCH_MAGIC.length + 4);
    head.writeUInt32LE(kept.length, PATCH_MAGIC.length + 8);
    for (const [index, page] of kept.entries()) head.writeUInt32LE(page, STREAM_HEAD_BYTES + index * KEPT_BYTES);
    this.#put(head, 0, head.length);
  }

  take({ pageNumber, kind, memory, from, end }: PlacedPatch): void {
    const head = this.#head;
    const length = end - from;
    head.setUint32(0, pageNumber - this.#page, true);
    head.setUint16(4, kind === CHANGED ? length : kind, true);
    head.setUint16(RECORD_HEAD_BYTES, length, true);
    this.#put(this.#headBytes, 0, isRebuilt(kind) ? RECORD_HEAD_BYTES + LENGTH_BYTES : RECORD_HEAD_BYTES);
    this.#put(memory, from, end);
    this.#page = pageNumber;
  }

  /** Hands over to zstd what was gathered. */
  async flush(): Promise<void> {
    this.#zstd ??= this.#start();
    for (const chunk of this.#gathered.splice(0)) {
      this.#hash.update(chunk);
      // A zstd that ended reads no more.
      if (!this.#input.write(chunk)) await Promise.race([once(this.#input, 'drain'), this.#zstd]);
    }
  }

  /**
   * Ends the stream. The file is not synced.
   *
   * @returns SHA-256 of the stream
   * @throws {PhaseError} DumpRejected when zstd fails
   */
  async finish(): Promise<string> {
    this.#put(new Uint8Array(RECORD_HEAD_BYTES), 0, RECORD_HEAD_BYTES);
    this.#gathered.push(this.#chunk.subarray(0, this.#filled));
    await this.flush();
    this.#input.end();
    const result = await this.#zstd;
    if (result?.exitCode === 0) return this.#hash.digest('hex');
    throw new PhaseError(
      'DumpRejected',
      `zstd cannot pack ${basename(this.#file.path)}: ${result?.stderr}. Check disk and memory; the chain is as it was.`,
    );
  }

  /** Ends what was not finished. */
  async close(): Promise<void> {
    this.#input.destroy();
    await this.#zstd?.catch(() => undefined);
  }

  #put(memory: Uint8Array, from: number, end: number): void {
    for (let at = from; at < end; ) {
      const length = Math.min(end - at, this.#chunk.length - this.#filled);
      copyBytes(memory, at, { target: this.#chunk, to: this.#filled, length });
      this.#filled += length;
      at += length;
      if (this.#filled < this.#chunk.length) continue;
      this.#gathered.push(this.#chunk);
      this.#chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      this.#filled = 0;
    }
  }

  #start(): Promise<ProgramResult> {
    const { programs, path, signal } = this.#file;
    const run = async () => {
      const file = await open(path, 'wx', 0o600);
      const consume = async (stdout: AsyncIterable<Uint8Array>) => {
        for await (const piece of stdout) await file.writeFile(piece);
      };
      try {
        return await programs.run({ program: 'zstd', args: ['-q', '-c', ...ZSTD_LEVEL], input: this.#input, signal, consume });
      } finally {
        await file.close();
      }
    };
    const running = run();
    // It is waited for in the end.
    running.catch(() => undefined);
    return running;
  }
}
