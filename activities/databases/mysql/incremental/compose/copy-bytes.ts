/** Below it a loop is faster than the call of something faster. */
const SHORT = 32;

/** Copies bytes, of which there are very few most times. */
// oxlint-disable-next-line max-params -- an object for each of a million of copies takes longer than the copies
export function copyBytes(source: Uint8Array, from: number, length: number, target: Uint8Array, at: number): void {
  if (length > SHORT) return target.set(source.subarray(from, from + length), at);
  for (let index = 0; index < length; index += 1) target[at + index] = source[from + index] as number;
}
