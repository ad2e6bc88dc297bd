/** Hashes pages of a block, each by itself. */
import { hash } from 'node:crypto';
import { workerData } from 'node:worker_threads';
import { DIGEST_BYTES } from '../page-table.ts';
import { answerWith } from './answer.ts';

const { buffers, pageSize } = workerData as { buffers: readonly SharedArrayBuffer[]; pageSize: number };
// Made once: to make one for each page, and a buffer for each digest, takes a quarter as long as the hashing.
const blocks = buffers.map((buffer) =>
  Array.from({ length: buffer.byteLength / pageSize }, (_, page) => new Uint8Array(buffer, page * pageSize, pageSize)),
);

answerWith(({ slot, bytes }: { slot: number; bytes: number }) => {
  const digests = Buffer.from(new ArrayBuffer(Math.ceil(bytes / pageSize) * DIGEST_BYTES));
  for (let page = 0, start = 0; start < bytes; page++, start += pageSize) {
    const whole = blocks[slot]?.[page] ?? new Uint8Array();
    const digest = hash('sha256', bytes - start < pageSize ? whole.subarray(0, bytes - start) : whole, 'binary');
    digests.write(digest, page * DIGEST_BYTES, DIGEST_BYTES, 'latin1');
  }
  return { answer: digests, transfer: [digests.buffer] };
});
