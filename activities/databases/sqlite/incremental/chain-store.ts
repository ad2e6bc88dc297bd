import { ChainStore } from '../../chain/chain-store.ts';
import { chainFiles, isFormer, type KeptChain, keptChainSchema } from './chain.ts';
import { ORIGINS_NAME } from './origins.ts';
import { OVERLAY_NAME } from './prior-pages.ts';

/** Where chains of SQLite databases are kept. */
export const chainStore = new ChainStore<KeptChain>({
  parse: (value) => keptChainSchema.safeParse(value).data,
  isFormer,
  files: ({ chain }) => chainFiles(chain),
  localNames: ({ base_table, table }) => [base_table.name, table],
  spared: [OVERLAY_NAME, ORIGINS_NAME],
});
