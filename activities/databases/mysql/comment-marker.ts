import { BYTE, isSpace } from './bytes.ts';

/** Bytes that tell every marker from the others: `/*M!`. */
export const LONGEST_MARKER = 4;

/** Whether a comment may begin with this byte. */
export function isCommentByte(byte: number): boolean {
  return byte === BYTE.dash || byte === BYTE.slash || byte === BYTE.hash;
}

/**
 * What begins at `index`: a comment up to the end of the line (`#`, or `--` and white space), a block comment, or a version comment
 * (`/*!`, MariaDB's `/*M!`), whose content the server reads and which therefore is code.
 */
export function markerAt(data: Buffer, index: number): 'line' | 'block' | 'version' | 'none' {
  const [first, second, third = BYTE.newline, fourth] = data.subarray(index, index + LONGEST_MARKER);
  if (first === BYTE.hash) return 'line';
  if (first === BYTE.dash) return second === BYTE.dash && isSpace(third) ? 'line' : 'none';
  if (first !== BYTE.slash || second !== BYTE.star) return 'none';
  return third === BYTE.exclamation || (third === BYTE.capitalM && fourth === BYTE.exclamation) ? 'version' : 'block';
}
