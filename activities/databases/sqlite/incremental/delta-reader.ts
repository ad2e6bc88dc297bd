import type { PatchPlace } from './page-patch.ts';

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
  /** Turns the next page, as it was before the delta, into what it was after it, and goes on. @throws {PatchDamaged} */
  apply(place: PatchPlace): void;
  /** As `apply`, but later, once the page is there. */
  take(): (place: PatchPlace) => void;
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

/** What a delta makes of a page. */
export interface TakenChange {
  pageNumber: number;
  /** @throws {PatchDamaged} */
  apply: (place: PatchPlace) => void;
}

/** Takes what a delta has up to a page, to be applied once these pages are there. */
export async function takeUpTo(delta: DeltaReader, lastPage: number): Promise<TakenChange[]> {
  const changes: TakenChange[] = [];
  for (;;) {
    if (!delta.isReady) await delta.ready();
    if (delta.pageNumber > lastPage) return changes;
    changes.push({ pageNumber: delta.pageNumber, apply: delta.take() });
  }
}
