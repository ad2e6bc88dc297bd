import { parentPort, type Transferable } from 'node:worker_threads';
import type { Answered, Asked, ToldError } from './thread.ts';

/** An answer, and memory of it that is the asker's from now on. */
export interface Reply<Answer> {
  answer: Answer;
  transfer?: Transferable[];
}

/** Answers what this thread is asked. An error is an answer, too. */
export function answerWith<Answer>(reply: (question: never) => Reply<Answer> | Promise<Reply<Answer>>): void {
  // Of what type it is, is known to whoever starts the thread and to what it runs.
  parentPort?.on('message', ({ id, question }: Asked<never>) => {
    void answer(id, () => reply(question));
  });
  // Nobody would ever be answered.
  parentPort?.on('messageerror', (error) => {
    throw error;
  });
}

async function answer<Answer>(id: number, reply: () => Reply<Answer> | Promise<Reply<Answer>>): Promise<void> {
  let answered: Answered<Answer>;
  let transfer: Transferable[] | undefined;
  try {
    const replied = await reply();
    answered = { id, answer: replied.answer };
    ({ transfer } = replied);
  } catch (error) {
    answered = { id, error: told(error) };
  }
  parentPort?.postMessage(answered, transfer);
}

function told(error: unknown): ToldError {
  const { name, message, stack = message } = error as Error;
  const details = Object.entries(error as object).filter(([, value]) => ['string', 'number'].includes(typeof value));
  return { name, message, stack, details: Object.fromEntries(details) as ToldError['details'] };
}
