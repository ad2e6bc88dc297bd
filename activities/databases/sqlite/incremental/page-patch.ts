import { copyBytes } from './copy-bytes.ts';

/**
 * What turns a page into its next version: operations one after the other, little-endian, that leave all other bytes as they are.
 *
 *     u16 where, u16 0x8000 + length, u16 from   copies bytes of the version before to another place
 *     u16 where, u16 length, bytes               puts these bytes there
 *
 * Copies come first. Field order and sizes are a format: `replay.sh` beside each chain reads them too.
 */

/** Where and how long. */
const HEAD_BYTES = 4;
const FROM_BYTES = 2;
const COPY_FLAG = 0x8000;
/** Longest that one operation reaches. */
const MAX_LENGTH = 0x7fff;

/** A patch that reaches beyond its page, or breaks off. */
export class PatchDamaged extends Error {
  override readonly name = 'PatchDamaged';
}

/** A page in a larger memory, and operations in another: to make an object of each, millions of times, would take longer than to apply them. */
export interface PatchPlace {
  memory: Uint8Array;
  /** Where the page begins. */
  start: number;
}

/** Applies operations to pages of one size. */
export class PagePatcher {
  readonly #size: number;
  readonly #before: Uint8Array;

  constructor(pageSize: number) {
    this.#size = pageSize;
    this.#before = new Uint8Array(pageSize);
  }

  /**
   * Turns a page into its next version, in its place.
   *
   * @throws {PatchDamaged} with the page half changed
   */
  apply(place: PatchPlace, operations: Uint8Array, from: number, end: number): void {
    for (let at = this.#copy(place, operations, from, end); at < end; ) {
      if (isCopy(operations, at, end)) throw new PatchDamaged('it copies what it has changed');
      const { where, length } = this.#readHead(operations, at, end);
      at += HEAD_BYTES;
      if (at + length > end) throw new PatchDamaged('it breaks off');
      copyBytes(operations, at, { target: place.memory, to: place.start + where, length });
      at += length;
    }
  }

  /** Applies the copies, and returns where they end. */
  #copy({ memory, start }: PatchPlace, operations: Uint8Array, from: number, end: number): number {
    let at = from;
    // A single copy, as most are, needs no copy of the page.
    const isSingle = !isCopy(operations, at + HEAD_BYTES + FROM_BYTES, end);
    if (!isSingle) this.#before.set(memory.subarray(start, start + this.#size));
    for (; isCopy(operations, at, end); at += HEAD_BYTES + FROM_BYTES) {
      const { where, length } = this.#readHead(operations, at, end);
      if (at + HEAD_BYTES + FROM_BYTES > end) throw new PatchDamaged('it breaks off');
      const source = readUint16(operations, at + HEAD_BYTES);
      if (source + length > this.#size) throw new PatchDamaged('it reaches beyond what there is');
      if (isSingle) memory.copyWithin(start + where, start + source, start + source + length);
      else copyBytes(this.#before, source, { target: memory, to: start + where, length });
    }
    return at;
  }

  #readHead(operations: Uint8Array, at: number, end: number): { where: number; length: number } {
    if (at + HEAD_BYTES > end) throw new PatchDamaged('it breaks off');
    const where = readUint16(operations, at);
    const length = readUint16(operations, at + 2) & MAX_LENGTH;
    if (length === 0 || where + length > this.#size) throw new PatchDamaged('it reaches beyond its page');
    return { where, length };
  }
}

/** Whether a copy comes next. */
function isCopy(operations: Uint8Array, at: number, end: number): boolean {
  return at + HEAD_BYTES <= end && readUint16(operations, at + 2) >= COPY_FLAG;
}

export function readUint16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}

/** Gathers operations. */
export class Operations {
  readonly #copies: number[] = [];
  readonly #puts: number[] = [];
  #bytes = 0;

  /** Size of the encoded operations. */
  get bytes(): number {
    return this.#bytes;
  }

  clear(): void {
    this.#copies.length = 0;
    this.#puts.length = 0;
    this.#bytes = 0;
  }

  copy(where: number, from: number, length: number): void {
    for (let done = 0; done < length; done += MAX_LENGTH) {
      this.#copies.push(where + done, from + done, Math.min(MAX_LENGTH, length - done));
      this.#bytes += HEAD_BYTES + FROM_BYTES;
    }
  }

  put(where: number, length: number): void {
    for (let done = 0; done < length; done += MAX_LENGTH) {
      this.#puts.push(where + done, Math.min(MAX_LENGTH, length - done));
      this.#bytes += HEAD_BYTES + Math.min(MAX_LENGTH, length - done);
    }
  }

  /** `page` is the next version. Returns the end of what was written. */
  encode(page: Uint8Array, target: Buffer, start: number): number {
    let at = start;
    const copies = this.#copies;
    for (let index = 0; index < copies.length; index += 3) {
      at = target.writeUInt16LE(copies[index] ?? 0, at);
      at = target.writeUInt16LE(COPY_FLAG | (copies[index + 2] ?? 0), at);
      at = target.writeUInt16LE(copies[index + 1] ?? 0, at);
    }
    const puts = this.#puts;
    for (let index = 0; index < puts.length; index += 2) {
      const [where = 0, length = 0] = [puts[index], puts[index + 1]];
      at = target.writeUInt16LE(where, at);
      at = target.writeUInt16LE(length, at);
      for (let byte = 0; byte < length; byte++) target[at++] = page[where + byte] ?? 0;
    }
    return at;
  }
}
