/** Shorter ones are copied by this thread's own loop: a call, and what it takes a part of memory for, cost more. */
const SHORT = 32;

/** Copies bytes from one memory to another, millions of times a few. */
export function copyBytes(
  source: Uint8Array,
  from: number,
  { target, to, length }: { target: Uint8Array; to: number; length: number },
): void {
  if (length > SHORT) target.set(source.subarray(from, from + length), to);
  else for (let index = 0; index < length; index++) target[to + index] = source[from + index] ?? 0;
}
