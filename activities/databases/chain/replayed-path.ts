import type { DatabaseFacts, FilesFacts } from '../../stage/manifest.ts';

/** Whether a dump is a chain, which has to be replayed before it is a database or a dump. */
export function isChain(facts: DatabaseFacts | FilesFacts | undefined): facts is DatabaseFacts {
  return facts !== undefined && facts.kind !== 'files' && facts.chain !== undefined;
}

/** Where the one file of a chain is made, relative to the tree: beside the directory of the chain, under the name that a full copy has. */
export function replayedPath({ kind, path }: Pick<DatabaseFacts, 'kind' | 'path'>): string {
  return `${path}.${kind === 'sqlite' ? 'db' : 'sql'}`;
}
