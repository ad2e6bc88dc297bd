/** A chain turned out to be damaged while it was gone on with. */
export class ChainDamaged extends Error {
  override readonly name = 'ChainDamaged';
}
