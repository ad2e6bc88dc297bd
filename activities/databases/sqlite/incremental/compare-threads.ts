import type { ChangedBlock, CompareSetting, LateBlock, MadePatches } from './page-comparer.ts';
import type { CompareQuestion } from './threads/compare-pages.ts';
import { Thread } from './threads/thread.ts';
import { Unsettled } from './unsettled.ts';

/** Each takes some 30 MB, however many cores there are. */
const THREADS = 2;

/** Has blocks of pages compared, in turn by one thread and another. */
export class CompareThreads {
  readonly #setting: CompareSetting;
  readonly #threads: Thread<CompareQuestion, MadePatches | undefined>[] = [];
  readonly #signal: AbortSignal;
  readonly #asked = new Unsettled();
  #turn = 0;

  constructor(setting: CompareSetting, signal: AbortSignal) {
    this.#setting = setting;
    this.#signal = signal;
  }

  /** The lists of a block are the thread's then. @throws {PatchDamaged} when a delta of the chain is not what was written, or the system error */
  ask(block: ChangedBlock | LateBlock): Promise<MadePatches> {
    // A thread is started once there is something to do.
    const thread = (this.#threads[this.#turn] ??= new Thread('compare-pages', this.#setting));
    this.#turn = (this.#turn + 1) % THREADS;
    const asked = thread.ask(block, 'lists' in block ? block.lists.map(({ buffer }) => buffer) : []) as Promise<MadePatches>;
    this.#asked.note(asked);
    return asked;
  }

  /** Returns once nothing is compared any more, whatever became of it. */
  async close(): Promise<void> {
    // A cancelled run does not wait for a slow disk: what a thread writes may be lost, and what it has open ends with it.
    if (!this.#signal.aborted) {
      await this.#asked.settled();
      for (const thread of this.#threads) await thread.ask('close').catch(() => undefined);
    }
    await Promise.all(this.#threads.map((thread) => thread.end()));
    await this.#asked.settled();
  }
}
