import { z } from 'zod';
import { pageSizeShape } from '../../../stage/manifest.ts';
import { type ChainFile, sealSchema } from '../../chain/chain-format.ts';
import { readStateSchema } from './unchanged.ts';

export const BASE_NAME = 'base.db';

/** All are unpacked side by side in a restore, each by a zstd of its own. */
export const MAX_DELTAS = 60;
/** Names of files have room for no more. */
const MAX_NUMBER = 9999;

/** A file of a chain. */
const filePart = z.object({
  name: z.string().regex(/^(base\.db|\d{4}\.wal|\d{4}\.patch\.zst)$/),
  bytes: z.number().int(),
  sha256: z.string(),
});

/**
 * A chain: a copy of a database, and what differed in each run after it, in their order: as a write-ahead log, or as patches of its pages
 * (patch-format.ts). Field names are a format: this lies beside every chain that was ever backed up.
 */
export const chainSchema = z.object({
  version: z.literal(4),
  /** Another one for each base. */
  id: z.string().regex(/^[0-9a-f]{16}$/),
  /** Source id, `sqlite/tracker`. */
  source: z.string(),
  page_size: pageSizeShape,
  base: filePart,
  deltas: z.array(filePart).max(MAX_DELTAS),
  /** What base and deltas give together. `pages_sha256`: SHA-256 of the digests of its pages, as PagesHash makes it. */
  database: z.object({ bytes: z.number().int().nonnegative(), pages: z.number().int(), pages_sha256: z.string() }),
});

/** Name of a file of digests of pages. */
const tableName = z.string().regex(/^\d{4}\.pages$/);

/** The file `chain.json` where a chain is kept. What it does not name does not count. */
export const keptChainSchema = z.object({
  chain: chainSchema,
  /** Digests of the pages of `chain.database`, whose `pages_sha256` is the SHA-256 of this file. */
  table: tableName,
  /** Of those of the base. */
  base_table: z.object({ name: tableName, sha256: z.string() }),
  /** That all deltas have together. */
  pages_in_deltas: z.number().int(),
  seals: z.record(z.string(), sealSchema),
  /** The newest delta that the overlay has; the next run adds those after it. Absent: none. */
  overlaid: z.string().optional(),
  /** Absent where it had been written to just then. */
  read: readStateSchema.optional(),
  /** When quick_check last passed, ISO 8601. */
  checked_at: z.string(),
  /** When all files were last read and hashed: a disk may lose a byte that nobody wrote to. */
  hashed_at: z.string(),
});

export type Chain = z.infer<typeof chainSchema>;
export type KeptChain = z.infer<typeof keptChainSchema>;

/** A description of the time when large deltas were packed in parts, their patches did not know the base, or databases were hashed as a whole. */
export function isFormer(value: unknown): boolean {
  return z.object({ chain: z.object({ version: z.int().min(1).max(3) }) }).safeParse(value).success;
}

/** Base and deltas, in the order in which they are replayed. */
export function chainFiles({ base, deltas }: Chain): ChainFile[] {
  return [base, ...deltas];
}

/** Bytes that all deltas are stored in. */
export function deltaBytes({ deltas }: { deltas: readonly ChainFile[] }): number {
  return deltas.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Whether no delta can get a number any more. */
export function isUsedUp(chain: Chain): boolean {
  return lastNumber(chain) >= MAX_NUMBER;
}

/** Number of the newest delta; 0 where there is none. */
export function lastNumber({ deltas }: Chain): number {
  return Number(deltas.at(-1)?.name.slice(0, 4) ?? 0);
}

/** Name of what belongs to the delta of a number, from 1: `0001.wal`. Tables count from 0, the base's. */
export function numbered(number: number, suffix: 'wal' | 'patch.zst' | 'pages'): string {
  return `${String(number).padStart(4, '0')}.${suffix}`;
}
