import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { alignedBuffer } from '../aligned-memory.ts';
import { namePath } from './name-path.ts';

/** What a file that grows while it is read goes on with. */
const MIN_CHUNK_BYTES = 64 * 1024;

/** Large enough that system calls do not count, small enough that hashing one never holds up a heartbeat. */
const CHUNK_BYTES = 4 * 1024 * 1024;

/** From here on it pays to make a memory that is read into faster. */
const LARGE_BYTES = 64 * 1024 * 1024;

export interface HashResult {
  bytes: number;
  /** Hexadecimal. Of the file as a whole, unless another hash was asked for. */
  sha256: string;
}

/** What takes in a file piece by piece. */
export interface StreamHash {
  update(bytes: Uint8Array): unknown;
  digest(encoding: 'hex'): string;
}

export interface HashOptions {
  signal: AbortSignal;
  onProgress?: (bytesDone: number) => void;
  /** Shown each piece on its way, which is another's afterwards. */
  onChunk?: (chunk: Uint8Array, offset: number) => void;
  /** In place of SHA-256 of the file as a whole. */
  hash?: StreamHash;
}

export interface CopyOptions extends HashOptions {
  /** Leaves the sync to the caller, who may have to let go of the source before: a sync can take longer than the copy. */
  withoutSync?: boolean;
}

/**
 * Copies a file byte by byte into a new file of mode 0600 and hashes it on the way: each byte is read once.
 *
 * The target must not exist; it is synced to the disk before this returns, unless that is left to the caller.
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
      const result = await readHashed(from, options, (chunk) => writeAll(to, chunk).catch(namePath(target)));
      if (options.withoutSync !== true) await to.sync().catch(namePath(target));
      return result;
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}

/**
 * As {@link copyFileHashed}, between files that the caller opened, and without the sync: for many small files, which are synced
 * together. `expectedBytes` is what the source holds, to the caller's knowledge: a hint for the size of the buffer.
 */
export async function copyHandleHashed(
  from: FileHandle,
  to: FileHandle,
  options: HashOptions & { expectedBytes: number },
): Promise<HashResult> {
  return readHashed(from, options, (chunk) => writeAll(to, chunk));
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
  options: HashOptions & { expectedBytes?: number },
  consume: (chunk: Uint8Array) => Promise<void>,
): Promise<HashResult> {
  const { hash = createHash('sha256') } = options;
  const buffer = createBuffer(options.expectedBytes ?? (await from.stat()).size);
  let bytes = 0;
  for (;;) {
    options.signal.throwIfAborted();
    const { bytesRead } = await from.read(buffer, 0, buffer.length, bytes);
    if (bytesRead === 0) return { bytes, sha256: hash.digest('hex') };
    const chunk = buffer.subarray(0, bytesRead);
    const written = consume(chunk);
    hash.update(chunk);
    options.onChunk?.(chunk, bytes);
    await written;
    bytes += bytesRead;
    options.onProgress?.(bytes);
  }
}

function createBuffer(expectedBytes: number): Buffer {
  const bytes = Math.min(CHUNK_BYTES, Math.max(MIN_CHUNK_BYTES, expectedBytes + 1));
  return expectedBytes >= LARGE_BYTES ? alignedBuffer(bytes) : Buffer.allocUnsafe(bytes);
}

async function writeAll(to: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let offset = 0; offset < chunk.length; ) {
    const { bytesWritten } = await to.write(chunk, offset);
    offset += bytesWritten;
  }
}
