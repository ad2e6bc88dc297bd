import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';

/** Large enough that system calls do not count, small enough that hashing one never holds up a heartbeat. */
const CHUNK_BYTES = 4 * 1024 * 1024;

export interface HashResult {
  bytes: number;
  /** Hexadecimal. */
  sha256: string;
}

export interface HashOptions {
  signal: AbortSignal;
  onProgress?: (bytesDone: number) => void;
}

export interface CopyOptions extends HashOptions {
  /**
   * Called once everything is read and written, ahead of the sync to the disk, which can take longer than the copy: whoever
   * holds a lock on the source lets go of it here. What it throws, the copy throws.
   */
  onCopied?: () => Promise<void>;
}

/**
 * Copies a file byte by byte into a new file of mode 0600 and hashes it on the way: each byte is read once.
 *
 * The target must not exist; it is synced to the disk before this returns.
 *
 * @throws the signal's reason when aborted, or the system error; the caller removes what is left of the target.
 */
export async function copyFileHashed(
  source: string | Buffer,
  target: string | Buffer,
  options: CopyOptions,
): Promise<HashResult> {
  const from = await open(source, 'r');
  try {
    const to = await open(target, 'wx', 0o600);
    try {
      const result = await readHashed(from, options, (chunk) => writeAll(to, chunk));
      await options.onCopied?.();
      await to.sync();
      return result;
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}

/** SHA-256 and size of a file. @throws the signal's reason when aborted, or the system error. */
export async function hashFile(path: string | Buffer, options: HashOptions): Promise<HashResult> {
  const from = await open(path, 'r');
  try {
    return await readHashed(from, options, async () => undefined);
  } finally {
    await from.close();
  }
}

async function readHashed(
  from: FileHandle,
  options: HashOptions,
  consume: (chunk: Uint8Array) => Promise<void>,
): Promise<HashResult> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let bytes = 0;
  for (;;) {
    options.signal.throwIfAborted();
    const { bytesRead } = await from.read(buffer, 0, buffer.length, bytes);
    if (bytesRead === 0) return { bytes, sha256: hash.digest('hex') };
    const chunk = buffer.subarray(0, bytesRead);
    const written = consume(chunk);
    hash.update(chunk);
    await written;
    bytes += bytesRead;
    options.onProgress?.(bytes);
  }
}

async function writeAll(to: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let offset = 0; offset < chunk.length; ) {
    const { bytesWritten } = await to.write(chunk, offset);
    offset += bytesWritten;
  }
}
