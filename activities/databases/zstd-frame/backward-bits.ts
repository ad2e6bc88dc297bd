import { demand } from './unreadable-patch.ts';

/** What one look gives at most: four bytes, less the bits before the first one. */
const LONGEST = 25;

/**
 * A bit stream that is read from its end to its beginning (RFC 8878, 4.1): its last byte has a mark above the first bit. The bytes after
 * a stream are looked at, though never used, so that three more must be in `data`.
 */
export class BackwardBits {
  #data: Uint8Array = new Uint8Array();
  #start = 0;
  #position = 0;

  open(data: Uint8Array, start: number, end: number): void {
    const last = end > start ? (data[end - 1] as number) : 0;
    demand(last !== 0, 'a bit stream without its mark');
    this.#data = data;
    this.#start = start * 8;
    this.#position = end * 8 - Math.clz32(last) + 23;
  }

  /** Bits that are left; below 0 where more was read than there is. */
  get left(): number {
    return this.#position - this.#start;
  }

  /** Up to 32 bits. What is before the beginning is read as zeros. */
  read(count: number): number {
    if (count > LONGEST) return this.#readShort(count - 16) * 65_536 + this.#readShort(16);
    return this.#readShort(count);
  }

  #readShort(count: number): number {
    this.#position -= count;
    const missing = this.#start - this.#position;
    if (missing > 0) return missing >= count ? 0 : (bitsAt(this.#data, this.#start, count - missing) << missing) >>> 0;
    return bitsAt(this.#data, this.#position, count);
  }
}

/** Up to 25 bits from a place that is counted in bits. */
export function bitsAt(data: Uint8Array, position: number, count: number): number {
  const byte = position >>> 3;
  const four =
    (data[byte] as number) |
    ((data[byte + 1] as number) << 8) |
    ((data[byte + 2] as number) << 16) |
    ((data[byte + 3] as number) << 24);
  return (four >>> (position & 7)) & ((1 << count) - 1);
}
