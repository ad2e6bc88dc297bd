import { readSync, writeSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

/** A file by its descriptor, which all threads know it by. */
export type OpenFile = Pick<FileHandle, 'fd'>;

/** The same memory as a Buffer: what comes from another thread is none any more. */
export function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** As much as a file has from a position on, up to the size of the buffer. */
export async function readFully(file: FileHandle, buffer: Buffer, position: number): Promise<Buffer> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

export async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let offset = 0; offset < bytes.length; ) {
    offset += (await file.write(bytes, offset, bytes.length - offset, position + offset)).bytesWritten;
  }
}

/** As {@link readFully}, while this thread waits. @returns how many bytes there were */
export function readFullySync({ fd }: OpenFile, buffer: Uint8Array, position: number): number {
  let filled = 0;
  while (filled < buffer.length) {
    const bytesRead = readSync(fd, buffer, filled, buffer.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

/** Writes while this thread waits. @throws the system error */
export function writeFullySync({ fd }: OpenFile, bytes: Uint8Array, position: number): void {
  for (let offset = 0; offset < bytes.length; ) {
    offset += writeSync(fd, bytes, offset, bytes.length - offset, position + offset);
  }
}
