import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { HashResult } from '../../../stage/copy-file.ts';
import { readFully, writeFully } from './file-bytes.ts';
import {
  decodeWalHeader,
  encodeWalHeader,
  FRAME_HEADER_BYTES,
  type Frame,
  openFrame,
  sealFrame,
  WAL_HEADER_BYTES,
  WalChecksum,
  WalDamaged,
} from './wal-format.ts';

/** So many bytes of frames are gathered for one write, and read at once. */
const CHUNK_BYTES = 2 * 1024 * 1024;
const SALT_BYTES = 8;

/**
 * Writes pages into a new file of mode 0600 that sqlite3 takes for the write-ahead log of a database: one commit, whose last frame
 * says how many pages the database then has.
 */
export class WalWriter {
  readonly #file: FileHandle;
  readonly #frameBytes: number;
  readonly #salt: Buffer;
  readonly #checksum: WalChecksum;
  readonly #chunk: Buffer;
  #filled = 0;
  #frames = 0;
  #written = 0;
  /** The newest page; whether it is the last one of the commit shows only later. */
  #held: { frame: Buffer; pageNumber: number } | undefined;

  private constructor(file: FileHandle, pageSize: number) {
    this.#file = file;
    this.#frameBytes = FRAME_HEADER_BYTES + pageSize;
    this.#salt = randomBytes(SALT_BYTES);
    this.#checksum = new WalChecksum();
    this.#chunk = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, WAL_HEADER_BYTES + this.#frameBytes));
    encodeWalHeader({ pageSize, salt: this.#salt }, this.#checksum).copy(this.#chunk);
    this.#filled = WAL_HEADER_BYTES;
  }

  /** @throws the system error, also when the file is there already. */
  static async create(path: string, pageSize: number): Promise<WalWriter> {
    return new WalWriter(await open(path, 'wx', 0o600), pageSize);
  }

  get frames(): number {
    return this.#frames;
  }

  /** What the file will have once all is written. */
  get bytes(): number {
    return WAL_HEADER_BYTES + this.#frames * this.#frameBytes;
  }

  async append(pageNumber: number, page: Uint8Array): Promise<void> {
    await this.#pass(0);
    this.#held ??= { frame: Buffer.allocUnsafe(this.#frameBytes), pageNumber };
    this.#held.pageNumber = pageNumber;
    this.#held.frame.set(page, FRAME_HEADER_BYTES);
    this.#frames++;
  }

  /** Ends the commit. Nothing may be appended afterwards; the file is not synced. */
  async finish(databasePages: number): Promise<void> {
    await this.#pass(databasePages);
    await this.#flush();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #pass(databasePages: number): Promise<void> {
    if (this.#held === undefined) return;
    const { frame, pageNumber } = this.#held;
    sealFrame(frame, { pageNumber, databasePages }, this.#salt, this.#checksum);
    if (this.#filled + frame.length > this.#chunk.length) await this.#flush();
    this.#filled += frame.copy(this.#chunk, this.#filled);
  }

  async #flush(): Promise<void> {
    await writeFully(this.#file, this.#chunk.subarray(0, this.#filled), this.#written);
    this.#written += this.#filled;
    this.#filled = 0;
  }
}

/**
 * Reads a log back from the disk, checks all its checksums, and hashes the file. A page is valid until the next one is asked for.
 *
 * @returns size and SHA-256 of the file
 * @throws {WalDamaged} when a byte is not what was written, or the end is missing
 */
export async function* readWal(path: string, pageSize: number): AsyncGenerator<Frame, HashResult> {
  const file = await open(path, 'r');
  try {
    const hash = createHash('sha256');
    const checksum = new WalChecksum();
    const head = await readFully(file, Buffer.alloc(WAL_HEADER_BYTES), 0);
    hash.update(head);
    const header = decodeWalHeader(head, checksum);
    if (header?.pageSize !== pageSize) throw new WalDamaged('its header is not that of a log of this database');
    const frameBytes = FRAME_HEADER_BYTES + pageSize;
    const buffer = Buffer.allocUnsafe(Math.max(1, Math.floor(CHUNK_BYTES / frameBytes)) * frameBytes);
    let bytes = WAL_HEADER_BYTES;
    for (;;) {
      const chunk = await readFully(file, buffer, bytes);
      if (chunk.length === 0) return { bytes, sha256: hash.digest('hex') };
      if (chunk.length % frameBytes !== 0) throw new WalDamaged('it ends in the middle of a page');
      hash.update(chunk);
      for (let offset = 0; offset < chunk.length; offset += frameBytes) {
        yield openFrame(chunk.subarray(offset, offset + frameBytes), header.salt, checksum);
      }
      bytes += chunk.length;
    }
  } finally {
    await file.close();
  }
}
