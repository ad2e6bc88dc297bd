/**
 * `method: incremental`: a dump that stays, and in each run a patch by zstd that makes the new dump of the one before. restic then
 * stores what has changed, and no more.
 *
 * What must never be here: a patch upon a chain that is not known to be whole, or one that was not applied and compared.
 */
import { join } from 'node:path';
import type { MysqlSource } from '../../../../config/types.ts';
import { sourceId } from '../../../../contract/backup.ts';
import type { Programs } from '../../../../process/programs.ts';
import type { PhaseContext } from '../../../phase.ts';
import { layView } from '../../chain/chain-view.ts';
import {
  type ChainPlace,
  chainEntries,
  clearChain,
  prepareChain,
  requireChainSettings,
  warnOfDamage,
} from '../../chain/stage-chain.ts';
import { requireZstd } from '../../chain/zstd.ts';
import type { Dump } from '../../database-source.ts';
import { describeDump, type WrittenDump, writeDump } from '../dump.ts';
import { chainFiles, chainStore, type KeptChain } from './chain.ts';
import { MAX_PART_BYTES, makeNext } from './next-chain.ts';
import { replayScript } from './replay-script.ts';

/** Where the dump goes: a directory in the stage, absolute and relative to the stage. `maxPartBytes` is for tests. */
interface Target {
  target: string;
  path: string;
  maxPartBytes?: number;
}

/** Dumps a database, goes on with its chain, and lays that into the stage. What counts in the end is whole, whenever it was ended. */
export async function dumpIncremental(
  programs: Programs,
  source: MysqlSource,
  { target, path, maxPartBytes = MAX_PART_BYTES }: Target,
  context: PhaseContext,
): Promise<Dump> {
  const settings = requireChainSettings(source);
  const place: ChainPlace = { source, settings, context };
  await clearChain(target, settings);
  await requireZstd(programs, context.signal);
  let kept = await load(place);
  try {
    await chainStore.sweep(settings.directory, kept);
    const next = join(settings.directory, 'next.sql');
    const written = await writeDump(programs, source, next, context);
    const { bytes, sha256 } = written.raw;
    const job = { ...place, programs, maxPartBytes, server: serverOf(written), text: { name: next, bytes, sha256 } };
    const made = await makeNext(job, kept);
    context.signal.throwIfAborted();
    const { chain } = made.kept;
    await prepareChain(place, { chain, parts: chainFiles(chain), script: replayScript(chain) });
    await chainStore.commit(settings.directory, made.kept);
    ({ kept } = made);
    await layView(settings.viewDirectory, target);
    await chainStore.sweep(settings.directory, kept);
    context.signal.throwIfAborted();
    const entries = await chainEntries(chainFiles(chain), { target, path }, context);
    const described = describeDump(written, path);
    const method = `${described.method}, ${made.how}`;
    return { bytes, method, entries, facts: { ...described.facts, method, chain: { deltas: chain.deltas.length } } };
  } catch (error) {
    await clearChain(target, settings);
    await chainStore.sweep(settings.directory, kept);
    throw error;
  }
}

async function load(place: ChainPlace): Promise<KeptChain | undefined> {
  const { context, settings, source } = place;
  const onProgress = (bytesDone: number) => context.report({ phase: 'check the chain', bytesDone });
  const found = await chainStore.load(settings.directory, sourceId(source), { signal: context.signal, onProgress });
  if (found === undefined) return undefined;
  if ('kept' in found) return found.kept;
  warnOfDamage(place, found.broken);
  return undefined;
}

/** Patch releases of a server do not begin a chain anew. */
function serverOf({ session: { catalog } }: WrittenDump): string {
  return `${catalog.family} ${catalog.version.split('.').slice(0, 2).join('.')}`;
}
