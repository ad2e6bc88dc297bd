import { z } from 'zod';
import { sqliteFacts } from '../../../stage/manifest.ts';
import { type Seal, sealSchema } from '../../chain/chain-format.ts';
import { sealOf } from '../../chain/chain-store.ts';
import type { Pinned } from '../while-pinned.ts';
import type { KeptChain } from './chain.ts';
import type { NextChain } from './next-chain.ts';

/**
 * What a database was like when it was last read. A file that is still as it was then holds the same, and need not be read: size,
 * inode and times to the nanosecond are looked at while a pin keeps it still and the log beside it is empty of news.
 */
export const readStateSchema = z.object({
  seal: sealSchema,
  content: sqliteFacts.pick({ sqlite_version: true, page_size: true, user_version: true, application_id: true, tables: true }),
  journal_mode: z.string(),
  /** ISO 8601. */
  read_at: z.string(),
});

/** A time stamp is as coarse as the kernel's clock tick. Of a file written to so recently it may not tell two states apart. */
const TOO_RECENT_MS = 2_000;
/** So long it is believed: then the database is read all the same. */
const BELIEVED_MS = 7 * 24 * 60 * 60 * 1000;

/** The seal of a pinned database, to be taken before it is read; undefined where it was written to a moment ago. */
export async function sealSettled(path: string, nowMs = Date.now()): Promise<Seal | undefined> {
  const seal = await sealOf(path);
  return seal === undefined || nowMs - Number(BigInt(seal.ctime_ns) / 1_000_000n) < TOO_RECENT_MS ? undefined : seal;
}

/** The chain as it is, where it holds the pinned database already. */
export async function recogniseUnchanged(
  kept: KeptChain,
  pinned: Pinned,
  seal: Seal | undefined,
): Promise<NextChain | undefined> {
  const { read } = kept;
  if (seal === undefined || JSON.stringify(read?.seal) !== JSON.stringify(seal)) return undefined;
  if (read === undefined || Date.now() - Date.parse(read.read_at) > BELIEVED_MS) return undefined;
  await pinned.letGo();
  return { kept, content: read.content, method: 'incremental, unchanged and not read', journalMode: read.journal_mode };
}

/** Notes what was read, for the next run. */
export function noteRead(next: NextChain, seal: Seal | undefined): NextChain {
  const { read: _, ...kept } = next.kept;
  if (seal === undefined) return { ...next, kept };
  const { content, journalMode } = next;
  return { ...next, kept: { ...kept, read: { seal, content, journal_mode: journalMode, read_at: new Date().toISOString() } } };
}
