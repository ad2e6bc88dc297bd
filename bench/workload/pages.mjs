import { hash } from 'node:crypto';
import { open } from 'node:fs/promises';

export const PAGE_BYTES = 4096;
const DIGEST_BYTES = 20;
const CHUNK_BYTES = 4 << 20;

/**
 * Reads a file once and tells which of its pages are new or other than before. A file that got shorter has no changed page by that.
 *
 * @param {string} path
 * @param {Buffer | undefined} before the digests that it returned the last time
 * @param {((page: Buffer) => Promise<void>) | undefined} consume gets each page that changed, if anybody wants them
 * @returns {Promise<{ digests: Buffer, changed: number }>}
 */
export async function comparePages(path, before = Buffer.alloc(0), consume) {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const digests = Buffer.alloc(Math.ceil(size / PAGE_BYTES) * DIGEST_BYTES);
    let changed = 0;
    for await (const { page, number } of pagesOf(file, size)) {
      const place = number * DIGEST_BYTES;
      hash('sha1', page, 'buffer').copy(digests, place);
      if (isSame(digests, before, place)) continue;
      changed += 1;
      await consume?.(Buffer.from(page));
    }
    return { digests, changed };
  } finally {
    await file.close();
  }
}

/** What it gives is overwritten by what follows. */
async function* pagesOf(file, size) {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let at = 0; at < size; at += CHUNK_BYTES) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(CHUNK_BYTES, size - at), at);
    for (let start = 0; start < bytesRead; start += PAGE_BYTES)
      yield { page: buffer.subarray(start, Math.min(start + PAGE_BYTES, bytesRead)), number: (at + start) / PAGE_BYTES };
  }
}

function isSame(digests, before, place) {
  const end = place + DIGEST_BYTES;
  return end <= before.length && digests.compare(before, place, end, place, end) === 0;
}
