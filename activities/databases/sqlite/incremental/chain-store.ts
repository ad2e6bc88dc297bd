import { ChainStore } from '../../chain/chain-store.ts';
import { chainFiles, type KeptChain, keptChainSchema } from './chain.ts';
import { OVERLAY_NAME } from './overlay.ts';

/** Where chains of SQLite databases are kept. */
export const chainStore = new ChainStore<KeptChain>({
  parse: (value) => keptChainSchema.safeParse(value).data,
  files: ({ chain }) => chainFiles(chain),
  localNames,
  spared: [OVERLAY_NAME],
});

function localNames({ table, overlay }: KeptChain): string[] {
  if (overlay === undefined) return [table.name];
  // A delta that is still to be written into the overlay may be the first one.
  return [table.name, overlay.bits.name, overlay.pending?.name ?? OVERLAY_NAME];
}
