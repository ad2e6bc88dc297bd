import { join } from 'node:path';
import type { Programs } from '../../../../process/programs.ts';
import type { ChainFile } from '../../chain/chain-format.ts';
import type { DeltaReader } from './delta-reader.ts';
import { PatchReader } from './patch-reader.ts';
import { WalReader } from './wal-reader.ts';

/** Opens a delta in the directory of its chain. */
export function openDelta(
  chain: { programs: Programs; directory: string; pageSize: number; basePages: number },
  { name }: ChainFile,
  signal: AbortSignal,
): DeltaReader {
  const path = join(chain.directory, name);
  if (name.endsWith('.wal')) return new WalReader(path, chain.pageSize);
  return new PatchReader(chain.programs, { ...chain, path }, signal);
}
