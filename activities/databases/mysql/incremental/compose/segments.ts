import { demand } from '../../../zstd-frame/unreadable-patch.ts';

const FIRST_CAPACITY = 4096;
/** Of 8 bytes each. */
const MAX_SEGMENTS = 4 * 1024 * 1024;
/** Beyond it a text is better written down than carried on. */
const MANY_SEGMENTS = MAX_SEGMENTS / 2;
const MAX_PLACE = 2 ** 32 - 1;

/** A text as a list of where each piece of it comes from: places of a {@link Material}. */
export class Segments {
  /** Where each begins in the text. */
  #starts = new Uint32Array(FIRST_CAPACITY);
  #places = new Uint32Array(FIRST_CAPACITY);
  #count = 0;
  #bytes = 0;
  /** Copies follow one another, mostly. */
  #found = 0;

  /** Length of the text. */
  get bytes(): number {
    return this.#bytes;
  }

  get areMany(): boolean {
    return this.#count > MANY_SEGMENTS;
  }

  clear(): void {
    this.#count = 0;
    this.#bytes = 0;
    this.#found = 0;
  }

  /** @throws {UnreadablePatch} where it becomes too many */
  append(place: number, length: number): void {
    const last = this.#count - 1;
    const isNext = last >= 0 && (this.#places[last] as number) + this.#bytes - (this.#starts[last] as number) === place;
    if (!isNext && length > 0) this.#push(place);
    this.#bytes += length;
  }

  /** Appends a range of another text, or of this one so far. */
  appendRange(text: Segments, start: number, length: number): void {
    let index = text.indexAt(start);
    for (let done = 0; done < length; index += 1) {
      const skipped = start + done - (text.#starts[index] as number);
      const count = Math.min(length - done, text.lengthOf(index) - skipped);
      this.append((text.#places[index] as number) + skipped, count);
      done += count;
    }
    text.#found = index - 1;
  }

  /** Calls with each piece of a range, in order. */
  forEach(start: number, end: number, call: (place: number, length: number) => void): void {
    for (let index = this.indexAt(start), from = start; from < end; index += 1) {
      const skipped = from - (this.#starts[index] as number);
      const count = Math.min(end - from, this.lengthOf(index) - skipped);
      call((this.#places[index] as number) + skipped, count);
      from += count;
    }
  }

  lengthOf(index: number): number {
    return (index + 1 < this.#count ? (this.#starts[index + 1] as number) : this.#bytes) - (this.#starts[index] as number);
  }

  /** The last piece that begins at a position of the text or before it. */
  indexAt(position: number): number {
    let [low, high] = [0, this.#count - 1];
    const found = this.#found;
    if (found <= high && (this.#starts[found] as number) <= position) {
      low = found;
      if (found + 2 <= high && (this.#starts[found + 2] as number) > position) high = found + 1;
    }
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#starts[middle] as number) <= position) low = middle;
      else high = middle - 1;
    }
    this.#found = low;
    return low;
  }

  #push(place: number): void {
    demand(place <= MAX_PLACE && this.#bytes <= MAX_PLACE, 'a text that is too long');
    if (this.#count === this.#starts.length) this.#grow();
    this.#starts[this.#count] = this.#bytes;
    this.#places[this.#count] = place;
    this.#count += 1;
  }

  #grow(): void {
    demand(this.#count < MAX_SEGMENTS, 'a text of too many pieces');
    const [starts, places] = [this.#starts, this.#places];
    this.#starts = new Uint32Array(this.#count * 2);
    this.#places = new Uint32Array(this.#count * 2);
    this.#starts.set(starts);
    this.#places.set(places);
  }
}
