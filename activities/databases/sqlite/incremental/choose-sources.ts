import { createCells, hashCell, readCells } from './cells.ts';
import type { SourcePage } from './rebuild-finder.ts';
import { MAX_SOURCES } from './rebuilt-page.ts';

/** A source that gives fewer cells costs more than it saves. */
const MIN_CELLS = 2;

/** Hashes of the cells of a page. */
function hashesOf(page: Uint8Array): Set<number> {
  const { count, offsets } = readCells(page, createCells(page.length));
  const hashes = new Set<number>();
  for (let slot = 0; slot < count; slot++) {
    const hash = hashCell(page, offsets[slot] ?? 0);
    if (hash !== undefined) hashes.add(hash);
  }
  return hashes;
}

/** Those of some pages that together have the most of a page's cells which its version before does not have; the one with the most first. */
export function chooseSources(page: Uint8Array, before: Uint8Array | undefined, candidates: readonly SourcePage[]): SourcePage[] {
  const lacking = hashesOf(page);
  for (const hash of before === undefined ? [] : hashesOf(before)) lacking.delete(hash);
  const left = candidates.map((source) => ({ source, hashes: hashesOf(source.page) }));
  const chosen: SourcePage[] = [];
  while (chosen.length < MAX_SOURCES && lacking.size > 0) {
    const counts = left.map(({ hashes }) => [...hashes].filter((hash) => lacking.has(hash)).length);
    const most = Math.max(...counts);
    if (most < MIN_CELLS) break;
    const [best] = left.splice(counts.indexOf(most), 1);
    if (best === undefined) break;
    chosen.push(best.source);
    for (const hash of best.hashes) lacking.delete(hash);
  }
  return chosen;
}
