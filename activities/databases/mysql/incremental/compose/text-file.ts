import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { HashOptions, HashResult } from '../../../../stage/copy-file.ts';
import type { Material } from './material.ts';
import type { Segments } from './segments.ts';

/** Hashing one takes some milliseconds. */
const BUFFER_BYTES = 1024 * 1024;

/** Writes texts one after the other into a new file, in one pass, and hashes them together. */
export class TextFile {
  readonly #file: FileHandle;
  readonly #hash: Hash = createHash('sha256');
  #buffers = [new Uint8Array(BUFFER_BYTES), new Uint8Array(BUFFER_BYTES)] as const;
  #pending: Promise<unknown> = Promise.resolve();
  #bytes = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  get bytes(): number {
    return this.#bytes;
  }

  static async create(path: string): Promise<TextFile> {
    return new TextFile(await open(path, 'wx', 0o600));
  }

  /** @throws {UnreadablePatch} {Error} of the system; the signal's reason */
  async write(text: Segments, material: Material, { signal, onProgress }: HashOptions): Promise<void> {
    for (let start = 0; start < text.bytes; start += BUFFER_BYTES) {
      signal.throwIfAborted();
      const end = Math.min(text.bytes, start + BUFFER_BYTES);
      const [filling, spare] = this.#buffers;
      let at = 0;
      text.forEach(start, end, (place, length) => {
        material.copyTo(filling, at, place, length);
        at += length;
      });
      const full = filling.subarray(0, at);
      await this.#pending;
      this.#pending = this.#file.writeFile(full);
      // Whoever comes next awaits it; until then a failure must not count as unhandled.
      this.#pending.catch(() => undefined);
      this.#hash.update(full);
      this.#bytes += at;
      onProgress?.(this.#bytes);
      this.#buffers = [spare, filling];
    }
  }

  /** @returns what was written */
  async end(): Promise<HashResult> {
    await this.#pending;
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  async close(): Promise<void> {
    await this.#pending.catch(() => undefined);
    await this.#file.close();
  }
}
