import { z } from 'zod';
import { type ChainFile, sealSchema } from '../../chain/chain-format.ts';

export const BASE_NAME = 'base.db';

/** A file of a chain. */
const filePart = z.object({
  name: z.string().regex(/^(base\.db|\d{4}\.wal|\d{4}\.\d{3}\.(list|zst))$/),
  bytes: z.number().int(),
  sha256: z.string(),
});

/** A part of a packed delta: `patch` by zstd, made against the pages in `list` (`first count` in each line) as they were before. */
const packedPart = z.object({ list: filePart, patch: filePart });

/** A log to replay; where it has parts, these are there in its place and give it when they are unpacked and put together. */
const delta = filePart.extend({ parts: z.array(packedPart).optional() });

/**
 * A chain: a copy of a database, and what differed in each run after it as write-ahead logs, in their order. Field names are a format:
 * this lies beside every chain that was ever backed up.
 */
export const chainSchema = z.object({
  version: z.literal(1),
  /** Another one for each base. */
  id: z.string().regex(/^[0-9a-f]{16}$/),
  /** Source id, `sqlite/tracker`. */
  source: z.string(),
  page_size: z.number().int(),
  base: filePart,
  deltas: z.array(delta),
  /** What base and deltas give together. */
  database: z.object({ bytes: z.number().int(), pages: z.number().int(), sha256: z.string() }),
});

/** The file `chain.json` where a chain is kept. What it does not name does not count. */
export const keptChainSchema = z.object({
  chain: chainSchema,
  /** Digests of the pages of `chain.database`. */
  table: z.object({ name: z.string().regex(/^\d{4}\.pages$/), sha256: z.string() }),
  seals: z.record(z.string(), sealSchema),
  /** Which pages the overlay has; `pending` is a delta that is still to be written into it. Absent: there were no deltas yet. */
  overlay: z
    .object({
      bits: z.object({ name: z.string().regex(/^\d{4}\.bits$/), sha256: z.string() }),
      pending: z.object({ name: z.string().regex(/^\d{4}\.wal$/), sha256: z.string() }).optional(),
    })
    .optional(),
  /** When quick_check last passed, ISO 8601. */
  checked_at: z.string(),
  /** When all files were last read and hashed: a disk may lose a byte that nobody wrote to. */
  hashed_at: z.string(),
});

export type Chain = z.infer<typeof chainSchema>;
export type ChainDelta = z.infer<typeof delta>;
export type ChainPart = z.infer<typeof packedPart>;
export type KeptChain = z.infer<typeof keptChainSchema>;

/** Base and deltas as they are stored, in the order in which they are replayed. */
export function chainFiles({ base, deltas }: Chain): ChainFile[] {
  return [base, ...deltas.flatMap(deltaFiles)];
}

function deltaFiles({ parts, name, bytes, sha256 }: ChainDelta): ChainFile[] {
  return parts?.flatMap(({ list, patch }) => [list, patch]) ?? [{ name, bytes, sha256 }];
}

/** Bytes that all deltas are stored in. */
export function deltaBytes({ deltas }: Chain): number {
  return deltas.flatMap(deltaFiles).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Name of what belongs to the delta of a number, from 1: `0001.wal`. Tables count from 0, the base's. */
export function numbered(number: number, suffix: 'wal' | 'pages' | 'bits'): string {
  return `${String(number).padStart(4, '0')}.${suffix}`;
}
