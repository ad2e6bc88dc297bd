import type { RunReference } from '../../contract/backup.ts';
import { shortRunId } from './restore-place.ts';
import { beforePath, draftPath, isSwapped, removeDraft, type Swap, swapIn, undoSwap } from './swap.ts';
import { readJournal, readJournals, type SwapJournal, writeJournal } from './swap-journal.ts';

export interface PutBackJob {
  /** The restored tree. */
  tree: string;
  run: RunReference;
  /** Source id. */
  source: string;
  /** Finds out what is to be swapped. Not asked again after an attempt that died. */
  plan(): Promise<Swap[]>;
  /** Makes the draft of a swap, whole and synced. Nothing is at `draft`. */
  prepare(swap: Swap, draft: string): Promise<void>;
  /** Asked right before the first swap. Throws when it must not be. */
  beforeSwap(swaps: readonly Swap[]): Promise<void>;
}

/**
 * Puts a source back: all drafts first, then all swaps. An attempt that died is gone on with where it was.
 *
 * @returns where what was there before is kept now
 */
export async function putBackSource(job: PutBackJob): Promise<string[]> {
  const id = shortRunId(job.run);
  let journal = await readJournal(job.tree, job.source);
  journal ??= { source: job.source, state: 'copying', swaps: await job.plan() };
  if (journal.state === 'copying') {
    await writeJournal(job.tree, journal);
    for (const swap of journal.swaps) {
      await removeDraft(swap, id);
      await job.prepare(swap, draftPath(swap, id));
    }
  }
  if (journal.state !== 'done') {
    const isUntouched = !(await Promise.all(journal.swaps.map((swap) => isSwapped(swap, id)))).includes(true);
    if (isUntouched) await job.beforeSwap(journal.swaps);
    await writeJournal(job.tree, { ...journal, state: 'swapping' });
    for (const swap of journal.swaps) await swapIn(swap, id);
    await writeJournal(job.tree, { ...journal, state: 'done' });
  }
  return journal.swaps.filter(({ hadOld }) => hadOld).map((swap) => beforePath(swap, id));
}

/** Undoes the swaps of every source that did not come to its end. Safe to repeat. */
export async function undoUnfinished(tree: string, run: RunReference): Promise<void> {
  const unfinished = (await readJournals(tree)).filter(({ state }) => state !== 'done');
  for (const journal of unfinished) await undo(journal, shortRunId(run));
}

async function undo(journal: SwapJournal, id: string): Promise<void> {
  for (const swap of journal.swaps.toReversed()) {
    await (journal.state === 'copying' ? removeDraft(swap, id) : undoSwap(swap, id));
  }
}
