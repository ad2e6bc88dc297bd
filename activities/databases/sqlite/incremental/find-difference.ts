/** A page, word by word. It begins at a multiple of 4 of its memory. */
export function wordsOf(page: Uint8Array): Uint32Array {
  return new Uint32Array(page.buffer, page.byteOffset, page.byteLength / 4);
}

/** Position of the first byte from `start` on that differs, or the size of the page. */
export function firstDifference({ before, after }: { before: Uint32Array; after: Uint32Array }, start: number): number {
  const words = before.length;
  let index = start >> 2;
  let difference = 0;
  if (index < words) difference = (((before[index] ?? 0) ^ (after[index] ?? 0)) >>> ((start & 3) * 8)) << ((start & 3) * 8);
  while (difference === 0 && ++index < words) difference = (before[index] ?? 0) ^ (after[index] ?? 0);
  if (index >= words) return words * 4;
  // The lowest byte of a word comes first on a little-endian machine.
  return index * 4 + ((31 - Math.clz32(difference & -difference)) >> 3);
}
