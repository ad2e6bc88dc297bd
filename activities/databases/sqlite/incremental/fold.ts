import type { KeptChain } from './chain.ts';

/** Pages that the deltas of a chain have together, for each of the database: a restore applies all of them. */
const MAX_PATCHES_PER_PAGE = 3;

/**
 * A chain without its deltas, to be gone on with by a single one in place of them all; undefined where that does not pay. It takes
 * patches, and so zstd. Days change the same pages again and again: what they make of them together is smaller, and a restore need not
 * go through all that was between.
 */
export function withoutDeltas(kept: KeptChain): KeptChain | undefined {
  const { chain, overlaid: _overlaid, ...rest } = kept;
  const { base, database, deltas, page_size: pageSize } = chain;
  const isLong = kept.pages_in_deltas > MAX_PATCHES_PER_PAGE * database.pages;
  // Without patches each page of a log would be stored as a whole once more.
  const isPatched = deltas.filter(({ name }) => name.endsWith('.patch.zst')).length > 1;
  if (!isLong || !isPatched || base.bytes % pageSize !== 0) return undefined;
  const { name: table, sha256 } = kept.base_table;
  const asBase = { bytes: base.bytes, pages: base.bytes / pageSize, pages_sha256: sha256 };
  return { ...rest, chain: { ...chain, deltas: [], database: asBase }, table, pages_in_deltas: 0 };
}
