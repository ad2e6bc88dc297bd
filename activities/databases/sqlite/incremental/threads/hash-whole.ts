/** Hashes blocks of a file as a whole, in the order that it is asked. */
import { createHash } from 'node:crypto';
import { workerData } from 'node:worker_threads';
import { answerWith } from './answer.ts';

const { buffers } = workerData as { buffers: readonly SharedArrayBuffer[] };
const whole = createHash('sha256');

answerWith(({ slot, bytes }: { slot: number; bytes: number }) => {
  const buffer = buffers[slot];
  if (bytes === 0 || buffer === undefined) return { answer: whole.digest('hex') };
  whole.update(Buffer.from(buffer, 0, bytes));
  return { answer: undefined };
});
