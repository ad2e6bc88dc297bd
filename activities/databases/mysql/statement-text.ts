/** Enough for the longest beginning that names something: definer, security and two names of 64 characters of four bytes. */
const HEAD_BYTES = 4_096;

/** The beginning of the statement at hand, and its last bare word. */
export class StatementText {
  readonly #head = Buffer.alloc(HEAD_BYTES);
  #length = 0;
  #word = '';
  #isWordOpen = false;

  get hasBegun(): boolean {
    return this.#length > 0;
  }

  /** The last word outside of quotes, in capitals, at most eight letters; empty when something else came after it. */
  get word(): string {
    return this.#word;
  }

  /** Keeps these bytes as far as they belong to the beginning. */
  append(data: Buffer, start: number, end: number): void {
    if (this.#length === HEAD_BYTES) return;
    this.#length += data.copy(this.#head, this.#length, start, end);
  }

  appendLetter(byte: number): void {
    const letter = String.fromCharCode(byte).toUpperCase();
    this.#word = this.#isWordOpen ? (this.#word + letter).slice(0, 8) : letter;
    this.#isWordOpen = true;
  }

  endWord(): void {
    this.#isWordOpen = false;
  }

  forgetWord(): void {
    this.#isWordOpen = false;
    this.#word = '';
  }

  clear(): void {
    this.#length = 0;
    this.forgetWord();
  }

  toString(): string {
    return this.#head.toString('utf8', 0, this.#length);
  }
}
