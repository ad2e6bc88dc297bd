/** Applies patches to blocks of pages in shared memory. */
import { workerData } from 'node:worker_threads';
import { readPagesOf } from '../base-pages.ts';
import type { OpenFile } from '../file-bytes.ts';
import { type OriginalsSetting, readOriginals } from '../originals.ts';
import { PatchDamaged } from '../page-patch.ts';
import { PatchApplier } from '../patch-applier.ts';
import { PatchListReader } from '../patch-list.ts';
import { answerWith } from './answer.ts';

/** What it works with from its start on. `originals`: of a base that is changed in its place. */
export interface ApplySetting {
  pageSize: number;
  base: OpenFile;
  originals: OriginalsSetting | undefined;
  /** So many bytes are marked as changed where one of them is. */
  pieceBytes: number;
}

/** A block at the start of a memory, and what deltas change in it, from the oldest one on (patch-list.ts). */
export interface BlockToPatch {
  firstPage: number;
  memory: SharedArrayBuffer;
  lists: readonly Uint8Array[];
}

/** `changed`: 1 for each piece in which something has changed. `damaged`: which list is not one of patches, and why. */
export type PatchedBlock = { changed: Uint8Array<ArrayBuffer> } | { damaged: number; message: string };

const { pageSize, base, originals, pieceBytes } = workerData as ApplySetting;
const applier = new PatchApplier(pageSize, originals === undefined ? readPagesOf(base, pageSize) : readOriginals(originals));

answerWith(({ firstPage, memory, lists }: BlockToPatch): { answer: PatchedBlock } => {
  const changed = new Uint8Array(memory.byteLength / pieceBytes);
  // No Buffer, whose `subarray` takes three times as long.
  const place = { memory: new Uint8Array(memory), start: 0 };
  for (const [index, list] of lists.entries()) {
    try {
      for (const patch = new PatchListReader(list); patch.next(); ) {
        place.start = (patch.pageNumber - firstPage) * pageSize;
        changed[Math.floor(place.start / pieceBytes)] = 1;
        applier.apply(place, patch);
      }
    } catch (error) {
      if (!(error instanceof PatchDamaged)) throw error;
      return { answer: { damaged: index, message: error.message } };
    }
  }
  return { answer: { changed } };
});
