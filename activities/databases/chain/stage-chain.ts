import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChainSettings } from '../../../config/types.ts';
import { type SourceReference, sourceId } from '../../../contract/backup.ts';
import type { PhaseContext } from '../../phase.ts';
import { PhaseError } from '../../phase-error.ts';
import { bytePath } from '../../stage/byte-path.ts';
import { hashFile } from '../../stage/copy-file.ts';
import type { ManifestEntry } from '../../stage/manifest.ts';
import { manifestEntry } from '../../stage/manifest-entry.ts';
import { CHAIN_NAME, type ChainFile, SCRIPT_NAME } from './chain-format.ts';
import { chainDirectory } from './chain-store.ts';
import { prepareView, retrieveView, type ViewedChain } from './chain-view.ts';

/** The chain of a source, on its way into the stage. */
export interface ChainPlace {
  source: SourceReference;
  settings: ChainSettings;
  context: PhaseContext;
}

/** @throws {PhaseError} ConfigInvalid where the source has no place for a chain */
export function requireChainSettings(source: SourceReference & { readonly chain?: ChainSettings }): ChainSettings {
  if (source.chain !== undefined) return source.chain;
  throw new PhaseError(
    'ConfigInvalid',
    `${sourceId(source)}: there is no place for its chain, although its method is incremental.`,
  );
}

/** Nothing is left in the stage; what an earlier attempt laid there goes back to where it waits for the next run. */
export async function clearChain(target: string, { viewDirectory }: ChainSettings): Promise<void> {
  await retrieveView(target, viewDirectory);
  await rm(target, { recursive: true, force: true });
  await rm(`${target}.partial`, { recursive: true, force: true });
}

/** Says that a chain is not built upon; `why` continues "the chain …". */
export function warnOfDamage({ context, settings, source }: ChainPlace, why: string): void {
  context.warn(`${sourceId(source)}: the chain in ${settings.directory} ${why}, so a new base takes its place.`);
}

/** Makes the view of a chain, which need not count yet. */
export async function prepareChain({ context, settings, source }: ChainPlace, viewed: ViewedChain): Promise<void> {
  const files = chainDirectory(settings.directory, viewed.chain);
  const hasCopied = await prepareView({ view: settings.viewDirectory, files, ...viewed }, context);
  if (!hasCopied) return;
  context.warn(
    `${sourceId(source)}: ${settings.viewDirectory} and ${settings.directory} cannot share files, so the chain lies on the disk twice. ` +
      'Put staging_directory and state_directory on one file system (in a container: one volume).',
  );
}

/** Describes a chain that was laid into the stage. `target` is its directory there, `path` the same relative to the stage. */
export async function chainEntries(
  parts: readonly ChainFile[],
  { target, path }: { target: string; path: string },
  context: PhaseContext,
): Promise<ManifestEntry[]> {
  const own = await Promise.all(
    [CHAIN_NAME, SCRIPT_NAME].map(async (name) => ({ name, ...(await hashFile(join(target, name), context)) })),
  );
  return Promise.all(
    [...parts, ...own].map(async ({ name, bytes, sha256 }) => {
      const found = await stat(join(target, name), { bigint: true });
      return manifestEntry(bytePath(`${path}/${name}`), found, { type: 'file', bytes, sha256 });
    }),
  );
}
