import { type FileHandle, open } from 'node:fs/promises';
import { alignedBuffer } from '../../aligned-memory.ts';
import type { HashOptions } from '../../stage/copy-file.ts';
import { namePath } from '../../stage/name-path.ts';
import { unlessAborted } from './unless-aborted.ts';

const CHUNK_BYTES = 4 * 1024 * 1024;

/**
 * Copies a file into a new one of mode 0600 as quickly as it goes, without a hash or a sync.
 *
 * @throws the signal's reason, or the system error; the caller removes what is left of the target.
 */
export async function copyPlain(source: string, target: string, options: HashOptions): Promise<void> {
  const from = await open(source, 'r');
  try {
    const to = await open(target, 'wx', 0o600);
    try {
      await pour(from, to, { ...options, target });
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}

async function pour(from: FileHandle, to: FileHandle, options: HashOptions & { target: string }): Promise<void> {
  const buffer = alignedBuffer(CHUNK_BYTES);
  for (let position = 0; ; ) {
    options.signal.throwIfAborted();
    const { bytesRead } = await from.read(buffer, 0, CHUNK_BYTES, position);
    if (bytesRead === 0) return;
    for (let offset = 0; offset < bytesRead; ) {
      const written = to.write(buffer, offset, bytesRead - offset, position + offset);
      offset += (await written.catch(namePath(options.target))).bytesWritten;
    }
    position += bytesRead;
    options.onProgress?.(position);
  }
}

/**
 * Brings a file to the disk. The system call cannot be interrupted: after a cancel it ends behind our back, when the file may
 * be removed already.
 *
 * @throws the signal's reason, or the system error.
 */
export async function syncFile(path: string, signal: AbortSignal): Promise<void> {
  await unlessAborted(syncToEnd(path), signal);
}

async function syncToEnd(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync().catch(namePath(path));
  } finally {
    await file.close();
  }
}
