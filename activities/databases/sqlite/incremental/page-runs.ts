import type { FileHandle } from 'node:fs/promises';
import { readFully } from './file-bytes.ts';

/** Pages of a block, by their indexes in it, that are read at once, with those between them. */
export interface PageRun {
  first: number;
  last: number;
}

/** What lies between two pages is read with them up to this size: a read of its own takes a disk as long. */
const WORTH_A_READ = 64 * 1024;

/** Joins pages that are near each other; `indexes` ascend. */
export function joinPages(indexes: readonly number[], pageSize: number): PageRun[] {
  const runs: PageRun[] = [];
  let run: PageRun | undefined;
  for (const index of indexes) {
    if (run !== undefined && (index - run.last - 1) * pageSize <= WORTH_A_READ) run.last = index;
    else runs.push((run = { first: index, last: index }));
  }
  return runs;
}

/**
 * Reads pages of a block to their places in `block`, all runs side by side. What the file does not have becomes zeros.
 *
 * @throws the system error, once nothing is written to `block` any more
 */
export async function readRuns(
  file: FileHandle,
  { block, position, pageSize }: { block: Buffer; position: number; pageSize: number },
  runs: readonly PageRun[],
): Promise<void> {
  const reads = runs.map(({ first, last }) => {
    const start = first * pageSize;
    return readFilled(file, block.subarray(start, (last + 1) * pageSize), position + start);
  });
  for (const read of await Promise.allSettled(reads)) {
    if (read.status === 'rejected') throw read.reason;
  }
}

async function readFilled(file: FileHandle, target: Buffer, position: number): Promise<void> {
  const { length } = await readFully(file, target, position);
  target.fill(0, length);
}
