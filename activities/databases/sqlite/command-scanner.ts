const NEWLINE = 0x0a;
const DOT = 0x2e;
const HASH = 0x23;
const DASH = 0x2d;
const SLASH = 0x2f;
const STAR = 0x2a;

/** What ends each kind of quoted text (sqlite.org/lang_keywords.html). */
const QUOTE_ENDS: ReadonlyMap<number, number> = new Map([
  [0x22, 0x22],
  [0x27, 0x27],
  [0x60, 0x60],
  [0x5b, 0x5d],
]);

/**
 * Looks through SQL text for lines that the sqlite3 shell would take for a command of its own: those that begin with `.` or `#` where
 * no statement is open. Such a line is plain text only within quotes; outside of them no dump has one, so that it need not be known
 * where statements end.
 */
export class CommandScanner {
  /** The byte that ends the open quote, or 0. */
  #quoteEnd = 0;
  #comment: 'none' | 'line' | 'block' = 'none';
  #previous = NEWLINE;

  /** Takes the next piece of the text. @returns what is wrong with it */
  push(piece: Uint8Array): string | undefined {
    // The shell ends a line at it, and would see other quotes than we do.
    if (piece.includes(0)) return 'holds a NUL character';
    let index = 0;
    while (index < piece.length) {
      if (this.#quoteEnd === 0) {
        const byte = piece[index] ?? 0;
        if (this.#previous === NEWLINE && (byte === DOT || byte === HASH)) return 'holds a command of the sqlite3 shell';
        this.#step(byte);
        index++;
      } else {
        index = this.#skipQuoted(piece, index);
      }
    }
    return undefined;
  }

  #step(byte: number): void {
    const previous = this.#previous;
    this.#previous = byte;
    if (this.#comment === 'line') {
      if (byte === NEWLINE) this.#comment = 'none';
    } else if (this.#comment === 'block') {
      if (previous === STAR && byte === SLASH) this.#endBlock();
    } else if (previous === DASH && byte === DASH) {
      this.#comment = 'line';
    } else if (previous === SLASH && byte === STAR) {
      this.#comment = 'block';
      // The star of `/*` is not yet that of `*/`.
      this.#previous = 0;
    } else {
      this.#quoteEnd = QUOTE_ENDS.get(byte) ?? 0;
    }
  }

  /** Its slash begins no other comment. */
  #endBlock(): void {
    this.#comment = 'none';
    this.#previous = 0;
  }

  /** Most of a dump is quoted, so its end is searched for rather than stepped to. */
  #skipQuoted(piece: Uint8Array, from: number): number {
    const end = piece.indexOf(this.#quoteEnd, from);
    if (end === -1) return piece.length;
    this.#previous = this.#quoteEnd;
    this.#quoteEnd = 0;
    return end + 1;
  }
}
