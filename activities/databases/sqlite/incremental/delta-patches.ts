import { setImmediate } from 'node:timers/promises';
import { CellIndex } from './cell-index.ts';
import { PageDiffer } from './diff-pages.ts';
import { type LateFiles, LatePages, type LoadedPage } from './late-pages.ts';
import { AHEAD_BYTES, CHANGED, type PagePatch, REBUILT, RENEWED, WHOLE } from './patch-format.ts';
import { PatchSpool } from './patch-spool.ts';
import { type PatchFile, PatchWriter } from './patch-writer.ts';
import { RebuildFinder } from './rebuild-finder.ts';
import { readSources } from './rebuilt-page.ts';

/** Patches up to such a part of the page are those of a row or two; others may be of a page that SQLite rebuilt. */
const SMALL = 1 / 32;
/** Up to such a part, what other pages had is not looked for. */
const MODERATE = 1 / 10;
const PAGES_A_TURN = 64;

/**
 * Makes the patches of a delta. A page that SQLite rebuilt is made of others, which come at any place of the file: it waits until all
 * pages that changed are known.
 */
export class DeltaPatches {
  readonly #files: LateFiles;
  readonly #differ: PageDiffer;
  readonly #finder: RebuildFinder;
  readonly #index: CellIndex;
  readonly #spool: PatchSpool;
  readonly #lateSpool: PatchSpool;
  readonly #writer: PatchWriter;
  readonly #late: number[] = [];
  readonly #signal: AbortSignal;
  readonly #zeros: Buffer;
  #bytes = 0;
  #turns = 0;

  constructor(file: PatchFile, files: LateFiles) {
    this.#files = files;
    this.#signal = file.signal;
    this.#differ = new PageDiffer(file.pageSize);
    this.#finder = new RebuildFinder(file.pageSize);
    this.#index = new CellIndex(file.pageSize);
    this.#spool = new PatchSpool(`${file.path}.spool`);
    this.#lateSpool = new PatchSpool(`${file.path}.late`);
    this.#writer = new PatchWriter(file);
    this.#zeros = Buffer.from(new ArrayBuffer(file.pageSize));
  }

  /** That the delta takes so far, about, before it is packed. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Pages come in their order, and each begins at a multiple of 4 of its memory; `before`: undefined where a page has no version before, or that is lost. */
  append(pageNumber: number, page: Buffer, before: Buffer | undefined): void {
    const patch = before === undefined ? undefined : this.#make(pageNumber, page, before);
    if (patch !== undefined) {
      this.#spool.append(pageNumber, patch);
      this.#bytes += patch.bytes.length;
      return;
    }
    this.#late.push(pageNumber);
    this.#bytes += page.length * MODERATE;
  }

  async flush(): Promise<void> {
    await this.#spool.flush();
  }

  /** Ends the delta; the file is not synced. @returns SHA-256 of the stream */
  async finish(): Promise<string> {
    this.#writer.begin(await this.#makeAllLate());
    for (const pageNumber of this.#late) {
      await this.#takeTurn();
      await this.#spool.passOn(pageNumber, this.#writer);
      await this.#lateSpool.passOn(pageNumber + 1, this.#writer);
    }
    await this.#spool.passOn(Number.POSITIVE_INFINITY, this.#writer);
    return this.#writer.finish();
  }

  async close(): Promise<void> {
    await Promise.all([this.#spool.close(), this.#lateSpool.close(), this.#writer.close()]);
  }

  /** Returns the pages of the base that are to be kept for them. */
  async #makeAllLate(): Promise<Uint32Array> {
    const isKept = new Uint8Array(this.#files.basePages + 1);
    const late = await LatePages.open(this.#files, this.#index);
    try {
      for await (const loaded of late.load(this.#late)) {
        await this.#takeTurn();
        const { pageNumber, page } = loaded;
        const patch = this.#makeLate(loaded);
        this.#lateSpool.append(pageNumber, patch);
        await this.#lateSpool.flush();
        const isNeeded = (source: number) => (source - pageNumber) * page.length < AHEAD_BYTES;
        for (const source of sourcesOf(patch).filter(isNeeded)) isKept[source] = 1;
      }
    } finally {
      await late.close();
    }
    const kept = new Uint32Array(isKept.reduce((sum, one) => sum + one, 0));
    for (let page = 1, at = 0; page < isKept.length; page++) if (isKept[page] === 1) kept[at++] = page;
    return kept;
  }

  /** Everything may be in memory, so that nothing is waited for: now and then others get their turn, and a cancelled run ends. */
  async #takeTurn(): Promise<void> {
    if (++this.#turns % PAGES_A_TURN > 0) return;
    this.#signal.throwIfAborted();
    await setImmediate();
  }

  /** Undefined where other pages may help. */
  #make(pageNumber: number, page: Buffer, before: Buffer): PagePatch | undefined {
    const changed = this.#change(before, page, page.length * SMALL);
    if (changed !== undefined) return changed;
    this.#index.note(before, pageNumber);
    return this.#rebuild(pageNumber, { page, before, sources: [] }, page.length * MODERATE);
  }

  /** A page that is none of a b-tree, or nothing like what it was, has only bytes that may have moved. */
  #makeLate({ pageNumber, page, before, sources }: LoadedPage): PagePatch {
    const rebuilt = this.#rebuild(pageNumber, { page, before, sources });
    const changed = rebuilt === undefined && before !== undefined ? this.#change(before, page) : undefined;
    return rebuilt ?? changed ?? { kind: WHOLE, bytes: page };
  }

  #change(before: Buffer, page: Buffer, limit?: number): PagePatch | undefined {
    const bytes = this.#differ.diff(before, page, limit);
    return bytes === undefined ? undefined : { kind: CHANGED, bytes };
  }

  /** The first page of a database begins with another header: its cells are not where those of others are. */
  #rebuild(pageNumber: number, { page, before, sources }: Omit<LoadedPage, 'pageNumber'>, limit?: number): PagePatch | undefined {
    const bytes = pageNumber === 1 ? undefined : this.#finder.find(before ?? this.#zeros, page, sources, limit);
    return bytes === undefined ? undefined : { kind: before === undefined ? RENEWED : REBUILT, bytes };
  }
}

/** Pages of the base that a patch copies from. */
function sourcesOf({ kind, bytes }: PagePatch): number[] {
  return kind === REBUILT || kind === RENEWED ? readSources(bytes) : [];
}
