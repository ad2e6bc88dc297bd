import type { Manifest, ManifestEntry } from '../stage/manifest.ts';
import { chainAt } from './replay-chains.ts';

/** Place of a source in the stage, relative to it: `files/config`, `sqlite/tracker.db`, or `sqlite/tracker` where it is a chain. */
export function sourcePlace(manifest: Manifest, id: string): string | undefined {
  const facts = manifest.sources[id];
  if (facts === undefined) return undefined;
  return facts.kind === 'files' ? id : facts.path;
}

/** Entries of the manifest that belong to the given sources; all of them when none are given. */
export function entriesOf(manifest: Manifest, only: ReadonlySet<string> | undefined): ManifestEntry[] {
  if (only === undefined) return manifest.entries;
  const places = [...only].flatMap((id) => sourcePlace(manifest, id) ?? []);
  return manifest.entries.filter(({ path }) => places.some((place) => path === place || path.startsWith(`${place}/`)));
}

/** Entries that one file of a backup needs: its own, or those of the chain that it is made of. */
export function entriesOfFile(manifest: Manifest, file: string): ManifestEntry[] {
  const chain = chainAt(manifest, file);
  if (chain !== undefined) return entriesOf(manifest, new Set([chain.id]));
  return manifest.entries.filter(({ path, type }) => path === file && type === 'file');
}
