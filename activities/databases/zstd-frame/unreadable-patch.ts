/** A patch that the reader of frames does not take: damaged, or made in a way that zstd itself may understand. */
export class UnreadablePatch extends Error {
  override readonly name = 'UnreadablePatch';
}

/** @throws {UnreadablePatch} saying what was expected, where it is not so */
export function demand(isSo: boolean, what: string): asserts isSo {
  if (!isSo) throw new UnreadablePatch(what);
}
