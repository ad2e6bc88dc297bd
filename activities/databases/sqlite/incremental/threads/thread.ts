/**
 * Threads for what takes long: this one answers Temporal and heartbeats, and others work on blocks of pages in memory that all share.
 *
 * What must never be here: a thread that starts a program, for a child's death signal comes when the thread that started it ends.
 */
import { type Transferable, Worker } from 'node:worker_threads';
import { PatchDamaged } from '../page-patch.ts';

/** What threads run, each by the name of a file beside this one. */
export type ThreadName = 'apply-patches' | 'compare-pages' | 'hash-pages' | 'hash-whole';

/** From here, by way of the root of the sources, to what the build made of this folder. */
const BUILT = '../../../../../dist/activities/databases/sqlite/incremental/threads/';

/** A question and its answer know each other by a number. */
export interface Asked<Question> {
  id: number;
  question: Question;
}

/** What of an error can be told to another thread. */
export interface ToldError {
  name: string;
  message: string;
  stack: string;
  /** What a system error has besides: its code, and what was called on which path. */
  details: Readonly<Record<string, string | number>>;
}

export type Answered<Answer> = { id: number; answer: Answer } | { id: number; error: ToldError };

interface Waiting<Answer> {
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

/** A thread that answers questions, several at a time if it waits for something itself. */
export class Thread<Question, Answer> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting<Answer>>();
  #asked = 0;
  #error: Error | undefined;

  /** `workerData` is what it works with from its start on; memory in it is shared if it can be, and else copied. */
  constructor(name: ThreadName, workerData: object) {
    this.#worker = new Worker(codeOf(name), { workerData, env: {}, execArgv: [] });
    this.#worker.on('message', (answered: Answered<Answer>) => this.#take(answered));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('messageerror', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error(`the thread ${name} ended`)));
  }

  /**
   * `transfer`: memory of the question that is the thread's from now on.
   *
   * @throws {PatchDamaged} or another error that the thread met, system errors with all that they tell
   */
  async ask(question: Question, transfer: Transferable[] = []): Promise<Answer> {
    if (this.#error !== undefined) throw this.#error;
    const id = this.#asked++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, question } satisfies Asked<Question>, transfer);
    });
  }

  /** To be called once nothing is asked any more. */
  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #take(answered: Answered<Answer>): void {
    const waiting = this.#waiting.get(answered.id);
    this.#waiting.delete(answered.id);
    if ('error' in answered) waiting?.reject(toError(answered.error));
    else waiting?.resolve(answered.answer);
  }

  #fail(error: Error): void {
    this.#error ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/** Node 20 starts no .ts file in a thread: where the sources are what runs, as in tests, the latest build has it. */
function codeOf(name: ThreadName): URL {
  const isBuilt = import.meta.url.endsWith('.js');
  return new URL(isBuilt ? `./${name}.js` : `${BUILT}${name}.js`, import.meta.url);
}

function toError({ name, message, stack, details }: ToldError): Error {
  const error = name === PatchDamaged.name ? new PatchDamaged(message) : new Error(message);
  // Where it happened, and not where it was told.
  return Object.assign(error, { stack }, details);
}
