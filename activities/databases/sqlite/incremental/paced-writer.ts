import { type FileHandle, open } from 'node:fs/promises';
import { writeFully } from './file-bytes.ts';

/** Twice as much is at most not on the disk yet. */
const PACE_BYTES = 32 * 1024 * 1024;

/**
 * Writes a new file of mode 0600 from its start, and brings it to the disk on the way. The kernel would hold back gigabytes and write
 * them in one go, and other processes that sync a commit meanwhile would wait for them.
 */
export class PacedWriter {
  readonly #file: FileHandle;
  #position = 0;
  #unsynced = 0;
  #syncing: Promise<void> = Promise.resolve();

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** @throws the system error, also when the file is there already. */
  static async create(path: string): Promise<PacedWriter> {
    return new PacedWriter(await open(path, 'wx', 0o600));
  }

  async append(bytes: Buffer): Promise<void> {
    await writeFully(this.#file, bytes, this.#position);
    this.#position += bytes.length;
    this.#unsynced += bytes.length;
    if (this.#unsynced >= PACE_BYTES) await this.#sync();
  }

  /** To be called once all is written: an error of the disk is told but once. What was written last is still to be synced. */
  async finish(): Promise<void> {
    await this.#syncing;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** Begins a sync, once the one before has ended. */
  async #sync(): Promise<void> {
    await this.#syncing;
    this.#unsynced = 0;
    this.#syncing = this.#file.datasync();
    // It is waited for by what follows.
    this.#syncing.catch(() => undefined);
  }
}
