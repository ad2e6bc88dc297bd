import type { PatchTaker } from './patch-format.ts';

/** A delta of any form, page by page in their order. */
export interface DeltaReader {
  /** Whether the next page is there. Otherwise `ready` gets it: very many are, and to wait for each would take longer than all else. */
  readonly isReady: boolean;
  /** Of the next page; infinite after the last one. */
  readonly pageNumber: number;
  /** Pages of the base that are copied from (patch-format.ts), once it was ready. */
  readonly kept: Uint32Array;
  /** @throws {WalDamaged | PatchDamaged} */
  ready(): Promise<void>;
  /** Hands over the patch of the next page, and goes on. */
  pass(taker: PatchTaker): void;
  close(): Promise<void>;
}

/**
 * Hands over what a delta has up to a page, or as much of it until the taker is full.
 *
 * @returns whether it is all
 * @throws {WalDamaged | PatchDamaged}
 */
export async function passUpTo(
  delta: DeltaReader,
  lastPage: number,
  taker: PatchTaker,
  isFull: () => boolean = () => false,
): Promise<boolean> {
  for (;;) {
    if (!delta.isReady) await delta.ready();
    if (delta.pageNumber > lastPage) return true;
    if (isFull()) return false;
    delta.pass(taker);
  }
}
