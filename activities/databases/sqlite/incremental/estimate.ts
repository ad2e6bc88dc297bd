import type { SqliteSource } from '../../../../config/types.ts';
import { sourceId } from '../../../../contract/backup.ts';
import { chainStore } from './chain-store.ts';
import { whyNoDelta } from './next-chain.ts';

/** A day unlike those before it may change so much of a database. */
const SPARE_PART = 10;

/**
 * Bytes that the next dump adds: a new base where one is due, else twice the largest delta so far, and a tenth of the database at least.
 * Only the description of the chain is looked at.
 */
export async function estimateIncremental(source: SqliteSource, bytes: number): Promise<number> {
  if (source.chain === undefined) return bytes;
  const kept = await chainStore.read(source.chain.directory);
  if (kept?.chain.source !== sourceId(source)) return bytes;
  const { chain } = kept;
  if (whyNoDelta(kept, { bytes: 0, pageSize: chain.page_size }, source.chain) !== undefined) return bytes;
  const largest = Math.max(0, ...chain.deltas.map((delta) => delta.bytes));
  return Math.min(bytes, Math.max(2 * largest, bytes / SPARE_PART));
}
