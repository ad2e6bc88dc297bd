/**
 * `method: incremental`: a copy of the database that stays, and in each run what differs, as a write-ahead log that sqlite3 replays or as
 * patches of its pages. restic then stores what has changed, and no more.
 *
 * What must never be here: a delta upon a chain that is not known to be whole, or a second copy of the database.
 */
import type { SqliteSource } from '../../../../config/types.ts';
import { sourceId } from '../../../../contract/backup.ts';
import type { Programs } from '../../../../process/programs.ts';
import type { PhaseContext } from '../../../phase.ts';
import { PhaseError } from '../../../phase-error.ts';
import type { ManifestEntry } from '../../../stage/manifest.ts';
import { layView } from '../../chain/chain-view.ts';
import { chainEntries, clearChain, prepareChain, requireChainSettings, warnOfDamage } from '../../chain/stage-chain.ts';
import type { Dump } from '../../database-source.ts';
import { connect, databaseUri } from '../connection.ts';
import { type DatabaseFile, inspectDatabaseFile } from '../database-file.ts';
import { whilePinned } from '../while-pinned.ts';
import { chainFiles, type KeptChain } from './chain.ts';
import { ChainDamaged } from './chain-damaged.ts';
import { chainStore } from './chain-store.ts';
import { type ChainJob, extendChain, type NextChain, newChain, readPageSize, whyNoDelta } from './next-chain.ts';
import { findCountable } from './pinned-content.ts';
import { replayScript } from './replay-script.ts';
import { noteRead, recogniseUnchanged, sealSettled } from './unchanged.ts';

/** Where the dump goes: a directory in the stage, absolute and relative to the stage. */
interface Target {
  target: string;
  path: string;
}

/** Dumps a database into its chain, and lays that into the stage. What counts in the end is whole, whenever it was ended. */
export async function dumpIncremental(
  programs: Programs,
  source: SqliteSource,
  { target, path }: Target,
  context: PhaseContext,
): Promise<Dump> {
  const settings = requireChainSettings(source);
  await clearChain(target, settings);
  const file = await inspectDatabaseFile(source);
  const job: ChainJob = { programs, source, file, context, settings };
  let kept = await load(job);
  try {
    await chainStore.sweep(settings.directory, kept);
    const next = await makeNext(job, kept);
    context.signal.throwIfAborted();
    const { chain } = next.kept;
    await prepareChain(job, { chain, parts: chainFiles(chain), script: replayScript(chain) });
    await chainStore.commit(settings.directory, { ...next.kept, seals: {} });
    kept = { ...next.kept, seals: {} };
    await layView(settings.viewDirectory, target);
    await chainStore.sweep(settings.directory, kept);
    context.signal.throwIfAborted();
    const entries = await chainEntries(chainFiles(chain), { target, path }, context);
    return toDump({ path, file, next, entries });
  } catch (error) {
    await clearChain(target, settings);
    await chainStore.sweep(settings.directory, kept);
    throw error;
  }
}

async function load({ context, settings, source }: ChainJob): Promise<KeptChain | undefined> {
  const onProgress = (bytesDone: number) => context.report({ phase: 'check the chain', bytesDone });
  const found = await chainStore.load(settings.directory, sourceId(source), { signal: context.signal, onProgress });
  if (found === undefined) return undefined;
  if ('broken' in found) {
    warnOfDamage({ context, settings, source }, found.broken);
    return undefined;
  }
  return found.kept;
}

async function makeNext(job: ChainJob, kept: KeptChain | undefined): Promise<NextChain> {
  try {
    return await makeUpon(job, kept);
  } catch (error) {
    if (!(error instanceof ChainDamaged)) throw error;
    warnOfDamage(job, `cannot be gone on with (${error.message})`);
    return makeUpon(job, undefined);
  }
}

async function makeUpon(job: ChainJob, kept: KeptChain | undefined): Promise<NextChain> {
  const { context, programs, source, settings } = job;
  const open = () => connect(programs, databaseUri(source.path, 'rw'), context.signal);
  const countable = kept === undefined ? new Set<string>() : await findCountable(open, job);
  const next = await whilePinned(job, {
    body: async (pinned) => {
      const seal = await sealSettled(source.path);
      const same = kept === undefined ? undefined : await recogniseUnchanged(kept, pinned, seal);
      if (same !== undefined) return same;
      const pageSize = await readPageSize(source.path);
      if (kept === undefined) return noteRead(await newChain(job, pinned, pageSize), seal);
      let because = whyNoDelta(kept, { bytes: pinned.file.bytes, pageSize }, settings);
      if (because === undefined) {
        const extended = await extendChain(job, { pinned, kept, countable });
        if ('kept' in extended) return noteRead(extended, seal);
        if (extended.isDamage) warnOfDamage(job, `cannot be gone on with (${extended.because})`);
        because = extended.because;
      }
      const begun = noteRead(await newChain(job, pinned, pageSize), seal);
      return { ...begun, method: `${begun.method}, because ${because}` };
    },
    discard: () => chainStore.sweep(settings.directory, kept),
  });
  if (!('unpinnable' in next)) return next;
  throw new PhaseError(
    'SourceUnavailable',
    `${sourceId(source)}: ${source.path} cannot be pinned: ${next.unpinnable}. The backup is tried again; if it stays so, use \`method: auto\`, which then takes VACUUM INTO.`,
  );
}

function toDump(made: { path: string; file: DatabaseFile; next: NextChain; entries: ManifestEntry[] }): Dump {
  const { path, file, next, entries } = made;
  const { content, journalMode, method, kept } = next;
  const { deltas, database } = kept.chain;
  const { bytes, pages, pages_sha256 } = database;
  return {
    bytes,
    method,
    entries,
    facts: {
      kind: 'sqlite',
      path,
      bytes,
      method,
      journal_mode: journalMode,
      original: file.original,
      chain: { pages, deltas: deltas.length, pages_sha256 },
      ...content,
    },
  };
}
