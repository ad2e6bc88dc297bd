import { CHANGED, type PagePatch, type PatchTaker } from './patch-format.ts';

/** u32 page number, u16 kind, u32 bytes. */
const HEAD_BYTES = 10;
const SMALLEST = 4096;

/** Patches one after the other in one memory, as they go from thread to thread: an object for each would take longer than to make it. */
export class PatchList implements PatchTaker {
  #memory: Uint8Array;
  #view: DataView;
  #filled = 0;

  constructor() {
    this.#memory = new Uint8Array(SMALLEST);
    this.#view = new DataView(this.#memory.buffer);
  }

  get isEmpty(): boolean {
    return this.#filled === 0;
  }

  append(pageNumber: number, { kind, bytes }: PagePatch): void {
    const start = this.#filled;
    const filled = start + HEAD_BYTES + bytes.length;
    if (filled > this.#memory.length) this.#grow(filled);
    this.#view.setUint32(start, pageNumber);
    this.#view.setUint16(start + 4, kind);
    this.#view.setUint32(start + 6, bytes.length);
    this.#memory.set(bytes, start + HEAD_BYTES);
    this.#filled = filled;
  }

  /** A copy of what there is, of its own memory; the list is empty then. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#memory.slice(0, this.#filled);
    this.#filled = 0;
    return taken;
  }

  #grow(bytes: number): void {
    const memory = new Uint8Array(2 * bytes);
    memory.set(this.#memory.subarray(0, this.#filled));
    this.#memory = memory;
    this.#view = new DataView(memory.buffer);
  }
}

/** Reads the patches of a list in their order. */
export class PatchListReader {
  readonly memory: Uint8Array;
  readonly #view: DataView;
  #next = 0;
  pageNumber = 0;
  kind: PagePatch['kind'] = CHANGED;
  /** Where in the memory the bytes of the patch at hand are. */
  from = 0;
  end = 0;

  constructor(list: Uint8Array) {
    this.memory = list;
    this.#view = new DataView(list.buffer, list.byteOffset, list.byteLength);
  }

  /** Whether all were read. */
  get hasEnded(): boolean {
    return this.#next >= this.memory.length;
  }

  /** Goes on to the next patch, unless it is that of a page from `beforePage` on. @returns whether there is one */
  next(beforePage = Number.POSITIVE_INFINITY): boolean {
    if (this.hasEnded) return false;
    const pageNumber = this.#view.getUint32(this.#next);
    if (pageNumber >= beforePage) return false;
    this.pageNumber = pageNumber;
    this.kind = this.#view.getUint16(this.#next + 4) as PagePatch['kind'];
    this.from = this.#next + HEAD_BYTES;
    this.end = this.from + this.#view.getUint32(this.#next + 6);
    this.#next = this.end;
    return true;
  }
}

/** Numbers of the pages that a list has patches of, in its order. */
export function pagesIn(list: Uint8Array): number[] {
  const pages: number[] = [];
  for (const reader = new PatchListReader(list); reader.next(); ) pages.push(reader.pageNumber);
  return pages;
}
