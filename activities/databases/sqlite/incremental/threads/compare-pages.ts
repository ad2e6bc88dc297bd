/** Makes patches of the pages of blocks. */
import { workerData } from 'node:worker_threads';
import { type ChangedBlock, type CompareSetting, type LateBlock, type MadePatches, PageComparer } from '../page-comparer.ts';
import { answerWith } from './answer.ts';

/** To close is to be asked last. */
export type CompareQuestion = ChangedBlock | LateBlock | 'close';

const comparer = new PageComparer(workerData as CompareSetting);

answerWith(async (question: CompareQuestion) => {
  if (question === 'close') {
    await comparer.close();
    return { answer: undefined };
  }
  const answer: MadePatches = 'late' in question ? await comparer.makeLate(question) : await comparer.compare(question);
  return { answer, transfer: [answer.list.buffer] };
});
