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

/** Hands over what a delta has up to a page. @throws {WalDamaged | PatchDamaged} */
export async function passUpTo(delta: DeltaReader, lastPage: number, taker: PatchTaker): Promise<void> {
  for (;;) {
    if (!delta.isReady) await delta.ready();
    if (delta.pageNumber > lastPage) return;
    delta.pass(taker);
  }
}
