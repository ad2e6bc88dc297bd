/** Source, where, from and length. */
const FIELDS = 4;

/**
 * Copies of bytes, or runs of pointers, of one page: from a place in a source to one in the page. All are numbers in one memory: an object
 * for each, millions of times, would keep the garbage collector busy.
 */
export class MoveList {
  readonly #fields: Uint16Array;
  count = 0;

  /** `most`: that there may be. */
  constructor(most: number) {
    this.#fields = new Uint16Array(FIELDS * most);
  }

  clear(): void {
    this.count = 0;
  }

  add(source: number, where: number, from: number, length: number): void {
    const at = FIELDS * this.count++;
    this.#fields[at] = source;
    this.#fields[at + 1] = where;
    this.#fields[at + 2] = from;
    this.#fields[at + 3] = length;
  }

  source(index: number): number {
    return this.#fields[FIELDS * index] ?? 0;
  }

  where(index: number): number {
    return this.#fields[FIELDS * index + 1] ?? 0;
  }

  from(index: number): number {
    return this.#fields[FIELDS * index + 2] ?? 0;
  }

  length(index: number): number {
    return this.#fields[FIELDS * index + 3] ?? 0;
  }

  /** Makes the last one longer by 1. */
  lengthen(): void {
    const at = FIELDS * this.count - 1;
    this.#fields[at] = (this.#fields[at] ?? 0) + 1;
  }

  /** Forgets the last one if it is shorter than that. */
  dropShort(least: number): void {
    if (this.count > 0 && this.length(this.count - 1) < least) this.count--;
  }
}
