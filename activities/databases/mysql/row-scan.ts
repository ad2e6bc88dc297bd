import { BYTE } from './bytes.ts';

/** Where a scan stands among the rows of an INSERT. */
export interface RowState {
  /** Open parentheses. */
  depth: number;
  /** Rows that ended. */
  rows: number;
  /** After a row, where the next one does not follow at once. */
  isBetween: boolean;
  /** Inside '…' that goes on in the next piece. */
  isInString: boolean;
  /** The next piece begins with a byte that a backslash has disarmed. */
  isEscaped: boolean;
}

/** Bytes inside a row that mean something. */
const SPECIAL = new Uint8Array(256);
for (const byte of [BYTE.doubleQuote, BYTE.hash, BYTE.quote, BYTE.open, BYTE.close, BYTE.dash, BYTE.slash, BYTE.backtick]) {
  SPECIAL[byte] = 1;
}

/** Bytes inside of '…' that mean something. */
const SPECIAL_IN_STRING = new Uint8Array(256);
for (const byte of [BYTE.quote, BYTE.backslash]) SPECIAL_IN_STRING[byte] = 1;

/**
 * Runs from inside a row through as many rows as there are: the bulk of a dump, so this is the loop that has to be fast.
 *
 * @returns the index of the first byte that it does not understand (another quote, a comment), or that comes after the rows, or
 * the end of `data`.
 */
export function skipRows(data: Buffer, start: number, state: RowState): number {
  const end = data.length;
  for (let index = nextSpecial(data, start); index < end; index = nextSpecial(data, index + 1)) {
    switch (data[index]) {
      case BYTE.quote:
        index = endOfString(data, index + 1);
        if (index >= end) suspendString(state, index > end);
        break;
      case BYTE.open:
        state.depth += 1;
        break;
      case BYTE.close:
        index = closeParenthesis(data, index, state);
        if (state.isBetween) return index;
        break;
      case BYTE.dash:
        // A negative number. Two dashes may be a comment.
        if (index + 1 >= end || data[index + 1] === BYTE.dash) return index;
        break;
      default:
        return index;
    }
  }
  return end;
}

function nextSpecial(data: Buffer, start: number): number {
  const end = data.length;
  let index = start;
  while (index < end && SPECIAL[data[index] as number] === 0) index += 1;
  return index;
}

function suspendString(state: RowState, isEscaped: boolean): void {
  state.isInString = true;
  state.isEscaped = isEscaped;
}

/** Returns the index of the last byte that was understood; one more where the row is over and no other follows at once. */
function closeParenthesis(data: Buffer, index: number, state: RowState): number {
  state.depth -= 1;
  if (state.depth > 0) return index;
  state.rows += 1;
  const next = nextRow(data, index + 1);
  if (next < 0) {
    state.isBetween = true;
    return index + 1;
  }
  state.depth = 1;
  return next;
}

/** Index of the closing quote; the length of `data` when it is not in there, and one more when the last byte is a backslash. */
function endOfString(data: Buffer, start: number): number {
  const end = data.length;
  let index = start;
  // A backslash disarms the byte after it.
  for (; index < end; index += 2) {
    while (index < end && SPECIAL_IN_STRING[data[index] as number] === 0) index += 1;
    // A doubled quote closes and opens again, which comes to the same.
    if (data[index] === BYTE.quote) return index;
    if (index === end) return end;
  }
  return index;
}

/** Index of the parenthesis in `,(` or `,\n(`: what the programs write between rows. -1 for everything else. */
function nextRow(data: Buffer, index: number): number {
  if (data[index] !== BYTE.comma) return -1;
  if (data[index + 1] === BYTE.open) return index + 1;
  return data[index + 1] === BYTE.newline && data[index + 2] === BYTE.open ? index + 2 : -1;
}
