import { BYTE, isLetter, isQuote, isSpace } from './bytes.ts';
import { isCommentByte, LONGEST_MARKER, markerAt } from './comment-marker.ts';
import { addRows, type DumpContents, emptyContents, noteObject } from './dump-contents.ts';
import { type RowState, skipRows } from './row-scan.ts';
import { type DumpObject, isSandboxLine, readStatementHead } from './statement-head.ts';
import { StatementText } from './statement-text.ts';

const COMPLETION = '-- Dump completed';
const BLOCK_END = '\nDELIMITER ;';
/** A DELIMITER line has to be seen as a whole. */
const LONGEST_DELIMITER_LINE = 64;
/** What a step returns when it cannot tell without seeing more. */
const NEEDS_MORE = -1;

/** `rows`: after VALUES; `block`: between two DELIMITER lines. */
type Mode = 'statement' | 'rows' | 'block';

/**
 * Reads a dump of mysqldump or mariadb-dump once, in pieces of any size and in constant memory: which objects it makes, how many
 * rows each table gets, and whether it came to its end.
 *
 * It tells quoted text, comments and statements apart as the vendors' clients do. Bodies of routines, triggers and events, which
 * the programs put between two DELIMITER lines, are passed by as a whole. The text must be UTF-8, where the bytes of quotes and
 * backslashes never are a part of another character.
 */
export class DumpScanner {
  readonly contents: DumpContents = emptyContents();
  readonly #statement = new StatementText();
  readonly #row: RowState = { depth: 0, rows: 0, isBetween: false, isInString: false, isEscaped: false };
  #mode: Mode = 'statement';
  /** The open quote, or 0. */
  #quote = 0;
  #isEscaped = false;
  #comment: 'none' | 'line' | 'block' = 'none';
  #commentText = '';
  #depth = 0;
  #table = '';
  #rowsDone = 0;
  #hasSandboxLine = false;
  #isComplete = false;
  #carry = Buffer.alloc(0);
  #isLast = false;

  /** Whether the newest thing in the text is the line that ends a dump. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  get hasSandboxLine(): boolean {
    return this.#hasSandboxLine;
  }

  /** The table whose rows are passing by, or the last one. */
  get currentTable(): string {
    return this.#table;
  }

  /** Rows so far, in statements that have ended. */
  get rowsDone(): number {
    return this.#rowsDone;
  }

  /** Takes the next piece; it is not kept. */
  push(piece: Buffer): void {
    const data = this.#carry.length === 0 ? piece : Buffer.concat([this.#carry, piece]);
    this.#carry = Buffer.alloc(0);
    for (let index = 0; index < data.length; ) {
      const next = this.#step(data, index);
      if (next === NEEDS_MORE) {
        this.#carry = Buffer.from(data.subarray(index));
        return;
      }
      index = next;
    }
  }

  /** Says that there is no more. */
  finish(): void {
    this.#isLast = true;
    this.push(Buffer.alloc(0));
    if (this.#comment === 'line') this.#endLineComment();
  }

  /** Consumes at least one byte and returns the index of the next one, or {@link NEEDS_MORE}. */
  #step(data: Buffer, index: number): number {
    if (this.#quote !== 0) return this.#skipQuoted(data, index);
    if (this.#comment !== 'none') return this.#skipComment(data, index);
    switch (this.#mode) {
      case 'rows':
        return this.#row.isBetween ? this.#readBetweenRows(data, index) : this.#readRows(data, index);
      case 'block':
        return this.#skipBlock(data, index);
      case 'statement':
        return this.#readStatement(data, index);
    }
  }

  #skipQuoted(data: Buffer, start: number): number {
    const escape = this.#quote === BYTE.backtick ? -1 : BYTE.backslash;
    let index = this.#isEscaped ? start + 1 : start;
    while (index < data.length && data[index] !== this.#quote) index += data[index] === escape ? 2 : 1;
    this.#isEscaped = index > data.length;
    // A doubled quote closes and opens again, which comes to the same.
    if (index < data.length) this.#quote = 0;
    const next = Math.min(index + 1, data.length);
    if (this.#mode === 'statement') this.#statement.append(data, start, next);
    return next;
  }

  #readRows(data: Buffer, start: number): number {
    const row = this.#row;
    const index = skipRows(data, start, row);
    if (row.isInString) {
      this.#quote = BYTE.quote;
      this.#isEscaped = row.isEscaped;
      row.isInString = false;
    }
    if (index > start) return index;
    const byte = data[index] as number;
    if (!isQuote(byte)) return this.#openComment(data, index);
    this.#quote = byte;
    return index + 1;
  }

  #readBetweenRows(data: Buffer, index: number): number {
    const byte = data[index] as number;
    if (byte === BYTE.comma || isSpace(byte)) return index + 1;
    if (isCommentByte(byte)) return this.#openComment(data, index);
    this.#row.isBetween = false;
    if (byte !== BYTE.open) {
      this.#mode = 'statement';
      return index;
    }
    this.#row.depth = 1;
    return index + 1;
  }

  /** One byte, or one marker, outside of quotes, comments and rows. */
  #readStatement(data: Buffer, index: number): number {
    const byte = data[index] as number;
    if (!this.#statement.hasBegun) {
      if (isSpace(byte)) return index + 1;
      const next = this.#readDelimiterLine(data, index);
      if (next !== index) return next;
    }
    if (isCommentByte(byte)) return this.#openComment(data, index);
    if (byte === BYTE.semicolon) {
      this.#endStatement();
      return index + 1;
    }
    if (byte === BYTE.open) this.#openParenthesis();
    if (byte === BYTE.close) this.#depth -= 1;
    if (isQuote(byte)) this.#quote = byte;
    return this.#append(data, index, index + 1);
  }

  #append(data: Buffer, start: number, end: number): number {
    this.#isComplete = false;
    const byte = data[start] as number;
    if (isLetter(byte)) this.#statement.appendLetter(byte);
    else if (isSpace(byte)) this.#statement.endWord();
    else this.#statement.forgetWord();
    this.#statement.append(data, start, end);
    return end;
  }

  #openParenthesis(): void {
    const { word } = this.#statement;
    if (this.#depth === 0 && (word === 'VALUES' || word === 'VALUE') && !this.#hasRows()) {
      const object = this.#readHead();
      if (object?.kind === 'rows') {
        this.#table = object.name;
        this.#mode = 'rows';
        this.#row.depth = 1;
        return;
      }
    }
    this.#depth += 1;
  }

  /** Returns the index after a DELIMITER line, or `index` itself when there is none. */
  #readDelimiterLine(data: Buffer, index: number): number {
    const text = data.toString('latin1', index, index + LONGEST_DELIMITER_LINE);
    if (!'DELIMITER '.startsWith(text.slice(0, 10).toUpperCase())) return index;
    const line = /^DELIMITER +(\S+)[^\n]*\n/i.exec(text);
    if (line === null) return text.length < LONGEST_DELIMITER_LINE && !this.#isLast ? NEEDS_MORE : index;
    this.#isComplete = false;
    if (line[1] === ';') return index + line[0].length;
    this.#mode = 'block';
    // The newline belongs to the block, which may end with the very next line.
    return index + line[0].length - 1;
  }

  #skipBlock(data: Buffer, index: number): number {
    const found = data.indexOf(BLOCK_END, index);
    const after = found + BLOCK_END.length;
    const isOpen = found < 0 || (after >= data.length && !this.#isLast);
    // What may be the beginning of the end stays for the next time.
    const end = found >= 0 ? found : this.#isLast ? data.length : Math.max(index, data.length - BLOCK_END.length + 1);
    this.#statement.append(data, index, end);
    if (isOpen) return end > index ? end : NEEDS_MORE;
    // `DELIMITER ;;` begins like the line that is looked for.
    if (after < data.length && !isSpace(data[after] as number)) return found + 1;
    this.#endStatement();
    return after;
  }

  /** At a dash, a slash or a hash: opens a comment, or passes the byte by. */
  #openComment(data: Buffer, index: number): number {
    if (data.length - index < LONGEST_MARKER && !this.#isLast) return NEEDS_MORE;
    const marker = markerAt(data, index);
    if (marker === 'version') return this.#append(data, index, index + (data[index + 2] === BYTE.exclamation ? 3 : 4));
    if (marker === 'none') return this.#append(data, index, index + 1);
    this.#comment = marker;
    this.#commentText = '';
    return index + (marker === 'block' ? 2 : 1);
  }

  #skipComment(data: Buffer, index: number): number {
    if (this.#comment === 'block') {
      const end = data.indexOf('*/', index);
      if (end < 0) return data.length - index > 1 ? data.length - 1 : this.#isLast ? data.length : NEEDS_MORE;
      this.#comment = 'none';
      return end + 2;
    }
    const found = data.indexOf(BYTE.newline, index);
    const end = found < 0 ? data.length : found;
    const missing = COMPLETION.length - 1 - this.#commentText.length;
    if (missing > 0) this.#commentText += data.toString('latin1', index, Math.min(end, index + missing));
    if (found < 0) return end;
    this.#endLineComment();
    return end + 1;
  }

  #endLineComment(): void {
    this.#comment = 'none';
    const isBetweenStatements = this.#mode === 'statement' && !this.#statement.hasBegun;
    if (isBetweenStatements && `-${this.#commentText}` === COMPLETION) this.#isComplete = true;
  }

  #hasRows(): boolean {
    return this.#row.rows > 0;
  }

  #endStatement(): void {
    if (this.#hasRows()) {
      addRows(this.contents, this.#table, this.#row.rows);
      this.#rowsDone += this.#row.rows;
    } else {
      const object = this.#readHead();
      if (object !== undefined) noteObject(this.contents, object);
    }
    this.#mode = 'statement';
    this.#statement.clear();
    this.#depth = 0;
    Object.assign(this.#row, { depth: 0, rows: 0, isBetween: false });
  }

  #readHead(): DumpObject | undefined {
    const text = this.#statement.toString();
    this.#hasSandboxLine ||= isSandboxLine(text);
    return readStatementHead(text);
  }
}
