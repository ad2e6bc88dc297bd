/** The bytes of ASCII that mean something in the text of a dump. */
export const BYTE = {
  newline: 10,
  exclamation: 33,
  doubleQuote: 34,
  hash: 35,
  quote: 39,
  open: 40,
  close: 41,
  star: 42,
  comma: 44,
  dash: 45,
  slash: 47,
  zero: 48,
  semicolon: 59,
  capitalM: 77,
  backslash: 92,
  backtick: 96,
} as const;

export function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}

export function isLetter(byte: number): boolean {
  const lower = byte | 32;
  return lower >= 97 && lower <= 122;
}

export function isQuote(byte: number): boolean {
  return byte === BYTE.quote || byte === BYTE.doubleQuote || byte === BYTE.backtick;
}
