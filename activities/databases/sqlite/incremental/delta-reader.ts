import type { PatchPlace } from './page-patch.ts';

/** A delta of any form, page by page in their order. */
export interface DeltaReader {
  /** Whether the next page is there. Otherwise `ready` gets it: very many are, and to wait for each would take longer than all else. */
  readonly isReady: boolean;
  /** Of the next page; infinite after the last one. */
  readonly pageNumber: number;
  /** @throws {WalDamaged | PatchDamaged} */
  ready(): Promise<void>;
  /** Turns the next page, as it was before the delta, into what it was after it, and goes on. @throws {PatchDamaged} */
  apply(place: PatchPlace): void;
  close(): Promise<void>;
}

/** Applies what a delta has up to a page. `placeOf` tells where each page is, as it was before the delta, to be changed in its place. */
export async function applyUpTo(
  delta: DeltaReader,
  lastPage: number,
  placeOf: (pageNumber: number) => PatchPlace,
): Promise<void> {
  for (;;) {
    if (!delta.isReady) await delta.ready();
    if (delta.pageNumber > lastPage) return;
    delta.apply(placeOf(delta.pageNumber));
  }
}
