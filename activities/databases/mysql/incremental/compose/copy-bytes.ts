/** Below it a loop is faster than the call of something faster. */
const SHORT = 32;

/** Copies a range of bytes; most are very short. */
export function copyBytes(source: Uint8Array, { from, to }: { from: number; to: number }, target: Uint8Array, at: number): void {
  if (to - from > SHORT) return target.set(source.subarray(from, to), at);
  for (let index = from; index < to; index += 1) target[at + index - from] = source[index] as number;
}
