import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { HashResult } from '../../../stage/copy-file.ts';

const CHUNK_BYTES = 4 * 1024 * 1024;
/** Between two rows of an INSERT. Where it stands inside a text, the cut does no harm: parts are put together again byte by byte. */
const ROW_BOUNDARY = Buffer.from('),(');
/** So much of a row tells it from others: it begins with its key. */
const LOOK_BYTES = 48;

/**
 * Where a text is cut so that no part is longer than `maxBytes`. Each cut is chosen by the rows themselves, out of all in the second
 * half of a part: the same row is chosen from run to run wherever it has moved to, so that each part is compared with itself.
 *
 * @returns where parts begin, the first at 0
 */
export async function findCuts(
  path: string,
  { bytes, maxBytes, signal }: { bytes: number; maxBytes: number; signal: AbortSignal },
): Promise<number[]> {
  const cuts = [0];
  if (bytes <= maxBytes) return cuts;
  const file = await open(path, 'r');
  try {
    for (let start = 0; bytes - start > maxBytes; ) {
      start = await bestCut(file, start + Math.floor(maxBytes / 2), start + maxBytes, signal);
      cuts.push(start);
    }
    return cuts;
  } finally {
    await file.close();
  }
}

async function bestCut(file: FileHandle, from: number, to: number, signal: AbortSignal): Promise<number> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let best = { at: to, weight: -1 };
  for (let position = from; position < to; position += CHUNK_BYTES - LOOK_BYTES) {
    signal.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, Math.min(CHUNK_BYTES, to - position), position);
    const chunk = buffer.subarray(0, bytesRead);
    const end = chunk.length - LOOK_BYTES;
    for (let found = chunk.indexOf(ROW_BOUNDARY); found >= 0 && found < end; found = chunk.indexOf(ROW_BOUNDARY, found + 1)) {
      const weight = weigh(chunk, found);
      if (weight > best.weight) best = { at: position + found + 2, weight };
    }
  }
  return best.at;
}

/** FNV-1a, of 32 bits. */
function weigh(chunk: Buffer, start: number): number {
  let weight = 0x811c9dc5;
  for (let index = start; index < start + LOOK_BYTES; index += 1) {
    weight = Math.imul(weight ^ (chunk[index] as number), 0x01000193);
  }
  return weight >>> 0;
}

/** Copies a range of a file into a new one, and hashes it. Nothing is synced. */
export async function copyRange(
  paths: { from: string; to: string },
  range: { start: number; end: number },
  signal: AbortSignal,
): Promise<HashResult> {
  const from = await open(paths.from, 'r');
  try {
    const to = await open(paths.to, 'wx', 0o600);
    try {
      return await copyHandles({ from, to }, range, signal);
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}

async function copyHandles(
  { from, to }: { from: FileHandle; to: FileHandle },
  { start, end }: { start: number; end: number },
  signal: AbortSignal,
): Promise<HashResult> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let position = start; position < end; ) {
    signal.throwIfAborted();
    const { bytesRead } = await from.read(buffer, 0, Math.min(CHUNK_BYTES, end - position), position);
    if (bytesRead === 0) throw new Error(`a dump ended at byte ${position}, before ${end}, while it was cut into parts`);
    const chunk = buffer.subarray(0, bytesRead);
    hash.update(chunk);
    await to.writeFile(chunk);
    position += bytesRead;
  }
  return { bytes: end - start, sha256: hash.digest('hex') };
}
