import type { AdaptiveFile } from './adaptive-file.ts';

/** Pages of a block, by their indexes in it, that are read at once, with those between them. */
interface PageRun {
  first: number;
  last: number;
}

/** Joins pages that are near each other; `indexes` ascend. `gap`: bytes that may lie between them. */
export function joinPages(indexes: readonly number[], pageSize: number, gap: number): PageRun[] {
  const runs: PageRun[] = [];
  let run: PageRun | undefined;
  for (const index of indexes) {
    if (run !== undefined && (index - run.last - 1) * pageSize <= gap) run.last = index;
    else runs.push((run = { first: index, last: index }));
  }
  return runs;
}

/**
 * Reads pages of a block, by their ascending indexes in it, to their places in `block`, which begins an aligned memory, all side by side.
 * What lies between them becomes anything, and what the file does not have zeros.
 *
 * @throws the system error, once nothing is written to `block` any more
 */
export async function readRuns(
  file: AdaptiveFile,
  { block, position, pageSize }: { block: Buffer; position: number; pageSize: number },
  indexes: readonly number[],
): Promise<void> {
  const pieces = joinPages(indexes, pageSize, file.worthARead).map(({ first, last }) => {
    const start = first * pageSize;
    return { memory: block.subarray(start, (last + 1) * pageSize), position: position + start };
  });
  const counts = await file.read(pieces);
  for (const [index, { memory }] of pieces.entries()) memory.fill(0, counts[index]);
}
