import type { CellIndex } from './cell-index.ts';
import { Cells } from './cells.ts';
import { PageDiffer } from './diff-pages.ts';
import type { LoadedPage } from './late-pages.ts';
import { CHANGED, type PagePatch, REBUILT, RENEWED, WHOLE } from './patch-format.ts';
import { RebuildFinder } from './rebuild-finder.ts';

/** Patches up to such a part of the page are those of a row or two; others may be of a page that SQLite rebuilt. */
const SMALL = 1 / 32;

/** Makes the patches of pages of one size. Each is valid until the next one is made. */
export class PatchMaker {
  readonly #index: CellIndex;
  readonly #differ: PageDiffer;
  readonly #finder: RebuildFinder;
  readonly #before: Cells;
  readonly #after: Cells;
  readonly #zeros: Cells;

  constructor(pageSize: number, index: CellIndex) {
    this.#index = index;
    this.#differ = new PageDiffer(pageSize);
    this.#finder = new RebuildFinder(pageSize);
    this.#before = new Cells(pageSize);
    this.#after = new Cells(pageSize);
    this.#zeros = new Cells(pageSize).turnTo(new Uint8Array(pageSize));
  }

  /**
   * Each page begins at a multiple of 4 of its memory.
   *
   * @returns undefined where other pages may help, which are known once all that changed are
   */
  make(pageNumber: number, page: Uint8Array, before: Uint8Array): PagePatch | undefined {
    const changed = this.#change(before, page, page.length * SMALL);
    if (changed !== undefined) return changed;
    if (!hasCells(pageNumber)) return undefined;
    const [had, has] = [this.#before.turnTo(before), this.#after.turnTo(page)];
    const rebuilt = this.#finder.findWithin(had, has);
    // What a page has no longer may be on another one.
    if (rebuilt === undefined || has.count - this.#finder.missing < had.count) this.#index.note(had, pageNumber);
    return rebuilt === undefined ? undefined : { kind: REBUILT, bytes: rebuilt };
  }

  /** A page that is none of a b-tree, or nothing like what it was, has only bytes that may have moved. */
  makeLate(loaded: LoadedPage): PagePatch {
    const { page } = loaded.cells;
    const before = loaded.before?.page;
    const rebuilt = this.#rebuild(loaded);
    const changed = rebuilt === undefined && before !== undefined ? this.#change(before, page) : undefined;
    return rebuilt ?? changed ?? { kind: WHOLE, bytes: page };
  }

  #change(before: Uint8Array, page: Uint8Array, limit?: number): PagePatch | undefined {
    const bytes = this.#differ.diff(before, page, limit);
    return bytes === undefined ? undefined : { kind: CHANGED, bytes };
  }

  #rebuild({ pageNumber, cells, before, sources }: LoadedPage): PagePatch | undefined {
    const bytes = hasCells(pageNumber) ? this.#finder.find(before ?? this.#zeros, cells, sources) : undefined;
    return bytes === undefined ? undefined : { kind: before === undefined ? RENEWED : REBUILT, bytes };
  }
}

/** The first page of a database begins with another header: its cells are not where those of others are. */
function hasCells(pageNumber: number): boolean {
  return pageNumber > 1;
}
