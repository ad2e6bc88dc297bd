import { copyBytes } from './copy-bytes.ts';
import { CHANGED, type PagePatch, type PatchTaker, type PlacedPatch } from './patch-format.ts';

/** u32 page number, u16 kind, u32 bytes. */
const HEAD_BYTES = 10;
/** To begin with; it grows by itself. */
const INITIAL_BYTES = 256 * 1024;

/** Patches one after the other in one memory, as they go from thread to thread: an object for each would take longer than to make it. */
export class PatchList implements PatchTaker {
  readonly #allocate: (bytes: number) => Uint8Array<ArrayBuffer | SharedArrayBuffer>;
  #memory: Uint8Array<ArrayBuffer | SharedArrayBuffer>;
  #view: DataView;
  #filled = 0;

  private constructor(allocate: (bytes: number) => Uint8Array<ArrayBuffer | SharedArrayBuffer>) {
    this.#allocate = allocate;
    this.#memory = allocate(INITIAL_BYTES);
    this.#view = new DataView(this.#memory.buffer);
  }

  static create(): PatchList {
    return new PatchList((bytes) => new Uint8Array(bytes));
  }

  /** A list that threads read where it is. */
  static createShared(): PatchList {
    return new PatchList((bytes) => new Uint8Array(new SharedArrayBuffer(bytes)));
  }

  /** That it takes so far. */
  get bytes(): number {
    return this.#filled;
  }

  /** Of a shared list; another one once it has grown. */
  get shared(): SharedArrayBuffer {
    return this.#memory.buffer as SharedArrayBuffer;
  }

  append(pageNumber: number, { kind, bytes }: PagePatch): void {
    this.take({ pageNumber, kind, memory: bytes, from: 0, end: bytes.length });
  }

  take({ pageNumber, kind, memory, from, end }: PlacedPatch): void {
    const start = this.#filled;
    const length = end - from;
    const filled = start + HEAD_BYTES + length;
    if (filled > this.#memory.length) this.#grow(filled);
    this.#view.setUint32(start, pageNumber);
    this.#view.setUint16(start + 4, kind);
    this.#view.setUint32(start + 6, length);
    copyBytes(memory, from, { target: this.#memory, to: start + HEAD_BYTES, length });
    this.#filled = filled;
  }

  clear(): void {
    this.#filled = 0;
  }

  /** A copy of what there is, of its own memory; the list is empty then. */
  takeAll(): Uint8Array<ArrayBuffer> {
    const taken = new Uint8Array(this.#filled);
    taken.set(this.#memory.subarray(0, this.#filled));
    this.clear();
    return taken;
  }

  #grow(bytes: number): void {
    const memory = this.#allocate(2 * bytes);
    memory.set(this.#memory.subarray(0, this.#filled));
    this.#memory = memory;
    this.#view = new DataView(memory.buffer);
  }
}

/** Reads the patches of a list in their order. */
export class PatchListReader implements PlacedPatch {
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
