import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Sample } from '../../changes/sketch.ts';
import type { DumpScanner } from './dump-scanner.ts';
import { TextSampler } from './text-sampler.ts';

/** Large enough that system calls do not count, small enough that hashing and scanning one never holds up a heartbeat. */
const BUFFER_BYTES = 1024 * 1024;

/**
 * Takes a dump as it comes and hands each byte once to the hash, the scanner, the sampler and the file. Holds two buffers, however large the
 * dump: one fills while the other is on its way to the disk, and whoever writes waits when the disk is slower.
 */
export class DumpWriter {
  readonly #file: FileHandle;
  readonly #scanner: DumpScanner;
  readonly #sampler: TextSampler | undefined;
  readonly #hash = createHash('sha256');
  #filling = Buffer.allocUnsafe(BUFFER_BYTES);
  #spare = Buffer.allocUnsafe(BUFFER_BYTES);
  #length = 0;
  #bytes = 0;
  #pending: Promise<void> = Promise.resolve();

  /** `isSampled`: whether a sample of the text is wanted. */
  constructor(file: FileHandle, scanner: DumpScanner, { isSampled }: { isSampled: boolean }) {
    this.#file = file;
    this.#scanner = scanner;
    this.#sampler = isSampled ? new TextSampler() : undefined;
  }

  /** Bytes that came so far. */
  get bytes(): number {
    return this.#bytes + this.#length;
  }

  /** @throws the system error of an earlier write. */
  async write(chunk: Uint8Array): Promise<void> {
    for (let offset = 0; offset < chunk.length; ) {
      const count = Math.min(chunk.length - offset, BUFFER_BYTES - this.#length);
      this.#filling.set(chunk.subarray(offset, offset + count), this.#length);
      this.#length += count;
      offset += count;
      if (this.#length === BUFFER_BYTES) await this.flush();
    }
  }

  /** Sends off what has come, and waits for the buffer before it. @throws the system error of an earlier write. */
  async flush(): Promise<void> {
    const full = this.#filling.subarray(0, this.#length);
    await this.#pending;
    this.#pending = writeAll(this.#file, full);
    // Whoever comes next awaits it; until then a failure must not count as unhandled.
    this.#pending.catch(() => undefined);
    this.#hash.update(full);
    this.#scanner.push(full);
    this.#sampler?.take(full);
    this.#bytes += full.length;
    this.#length = 0;
    [this.#filling, this.#spare] = [this.#spare, this.#filling];
  }

  /** Waits until everything is written. @returns the SHA-256, hexadecimal, and a sample. @throws the system error of a write. */
  async end(): Promise<{ sha256: string; sample: Sample | undefined }> {
    await this.flush();
    await this.#pending;
    this.#scanner.finish();
    return { sha256: this.#hash.digest('hex'), sample: this.#sampler?.finish() };
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, offset);
    offset += bytesWritten;
  }
}
