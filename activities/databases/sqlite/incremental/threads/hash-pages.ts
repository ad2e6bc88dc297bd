/** Hashes pages of a block, each by itself. */
import { workerData } from 'node:worker_threads';
import { PageDigests } from '../page-digests.ts';
import { answerWith } from './answer.ts';

const { buffers, pageSize } = workerData as { buffers: readonly SharedArrayBuffer[]; pageSize: number };
const blocks = buffers.map((buffer) => new PageDigests(new Uint8Array(buffer), pageSize));

answerWith(({ slot, bytes }: { slot: number; bytes: number }) => {
  const digests = (blocks[slot] as PageDigests).of(bytes);
  return { answer: digests, transfer: [digests.buffer] };
});
