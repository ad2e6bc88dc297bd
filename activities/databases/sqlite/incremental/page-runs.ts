import type { AdaptiveFile } from './adaptive-file.ts';

/** Pages of a block, by their indexes in it, that are read at once, with those between them. */
export interface PageRun {
  first: number;
  last: number;
}

/** What lies between two pages is read with them up to this size: a read of its own takes a disk as long. */
const WORTH_A_READ = 64 * 1024;

/** Joins pages that are near each other; `indexes` ascend. `gap`: bytes that may lie between them. */
export function joinPages(indexes: readonly number[], pageSize: number, gap = WORTH_A_READ): PageRun[] {
  const runs: PageRun[] = [];
  let run: PageRun | undefined;
  for (const index of indexes) {
    if (run !== undefined && (index - run.last - 1) * pageSize <= gap) run.last = index;
    else runs.push((run = { first: index, last: index }));
  }
  return runs;
}

/**
 * Reads pages of a block to their places in `block`, which begins an aligned memory, all runs side by side. What the file does not have becomes zeros.
 *
 * @throws the system error, once nothing is written to `block` any more
 */
export async function readRuns(
  file: AdaptiveFile,
  { block, position, pageSize }: { block: Buffer; position: number; pageSize: number },
  runs: readonly PageRun[],
): Promise<void> {
  const pieces = runs.map(({ first, last }) => {
    const start = first * pageSize;
    return { memory: block.subarray(start, (last + 1) * pageSize), position: position + start };
  });
  const counts = await file.read(pieces);
  for (const [index, { memory }] of pieces.entries()) memory.fill(0, counts[index]);
}
