import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { HashResult } from '../../stage/copy-file.ts';
import { namePath } from '../../stage/name-path.ts';

const TAIL_BYTES = 64;

/** A new file of mode 0600 that is hashed while it is written. */
export class HashedFile {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #hash = createHash('sha256');
  #bytes = 0;
  #tail = Buffer.alloc(0);

  private constructor(file: FileHandle, path: string) {
    this.#file = file;
    this.#path = path;
  }

  /** @throws the system error, also when the file is there already. */
  static async create(path: string): Promise<HashedFile> {
    return new HashedFile(await open(path, 'wx', 0o600), path);
  }

  get bytes(): number {
    return this.#bytes;
  }

  async write(data: string | Uint8Array): Promise<void> {
    const buffer = Buffer.from(data);
    for (let offset = 0; offset < buffer.length; ) {
      offset += (await this.#file.write(buffer, offset).catch(namePath(this.#path))).bytesWritten;
    }
    this.#hash.update(buffer);
    this.#bytes += buffer.length;
    this.#tail = Buffer.concat([this.#tail, buffer.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES);
  }

  /** Whether the last bytes are this text of at most 64 bytes. */
  endsWith(text: string): boolean {
    return this.#tail.subarray(-Buffer.byteLength(text)).equals(Buffer.from(text));
  }

  /** Nothing may be written afterwards. */
  finish(): HashResult {
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
