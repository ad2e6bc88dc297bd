/** Applies patches to blocks of pages in shared memory, and hashes the pages that come of it. */
import { workerData } from 'node:worker_threads';
import { readPagesOf } from '../base-pages.ts';
import type { OpenFile } from '../file-bytes.ts';
import { type OriginalsSetting, readOriginals } from '../originals.ts';
import { PageDigests } from '../page-digests.ts';
import { PatchDamaged } from '../page-patch.ts';
import { PatchApplier } from '../patch-applier.ts';
import { PatchListReader } from '../patch-list.ts';
import { answerWith } from './answer.ts';

/** What it works with from its start on. `originals`: of a base that is changed in its place. */
export interface ApplySetting {
  pageSize: number;
  base: OpenFile;
  basePages: number;
  originals: OriginalsSetting | undefined;
  /** So many bytes are marked as changed where one of them is. */
  pieceBytes: number;
}

/** Something of what deltas change in a block. What there is of one block is asked one after the other. */
export interface BlockToPatch {
  firstPage: number;
  /** Holds the block at its start. */
  memory: SharedArrayBuffer;
  /** Of the block. */
  bytes: number;
  /** Lists of the deltas one after the other, from the oldest one on (patch-list.ts). */
  patches: SharedArrayBuffer;
  /** Where the list of each delta ends. */
  ends: readonly number[];
  isFirst: boolean;
  isLast: boolean;
}

/**
 * `changed`: 1 for each piece in which something has changed so far. `digests`: of each page, once the block is as it becomes. `damaged`:
 * which delta is not one of patches, and why.
 */
export type PatchedBlock = { changed: Uint8Array; digests: Uint8Array | undefined } | { damaged: number; message: string };

const { pageSize, base, basePages, originals, pieceBytes } = workerData as ApplySetting;
const readPage = originals === undefined ? readPagesOf(base, pageSize) : readOriginals(originals);
/** The block at hand as it was: most pages copy from their neighbours. */
const block = { firstPage: 1, endOfBase: 1, memory: new Uint8Array() };
/** The block as it becomes. V8 copies to and from shared memory more slowly than from its own. */
let patched = new Uint8Array();
let pages = new PageDigests(patched, pageSize);
let changed = new Uint8Array();

const applier = new PatchApplier(pageSize, (pageNumber, target) => {
  const start = (pageNumber - block.firstPage) * pageSize;
  if (start < 0 || pageNumber >= block.endOfBase) readPage(pageNumber, target);
  else target.set(block.memory.subarray(start, start + pageSize));
});

answerWith(({ patches, ends, ...question }: BlockToPatch): { answer: PatchedBlock } => {
  if (question.isFirst) turnTo(question);
  for (const [delta, end] of ends.entries()) {
    try {
      const start = ends[delta - 1] ?? 0;
      applyAll(new Uint8Array(patches, start, end - start));
    } catch (error) {
      if (!(error instanceof PatchDamaged)) throw error;
      return { answer: { damaged: delta, message: error.message } };
    }
  }
  if (question.isLast && changed.includes(1)) block.memory.set(patched);
  return { answer: { changed, digests: question.isLast ? pages.of(patched.length) : undefined } };
});

function turnTo({ firstPage, memory, bytes }: Pick<BlockToPatch, 'firstPage' | 'memory' | 'bytes'>): void {
  const endOfBase = Math.min(basePages + 1, firstPage + Math.floor(bytes / pageSize));
  Object.assign(block, { firstPage, endOfBase, memory: new Uint8Array(memory, 0, bytes) });
  if (patched.length !== bytes) {
    patched = new Uint8Array(bytes);
    pages = new PageDigests(patched, pageSize);
  }
  patched.set(block.memory);
  changed = new Uint8Array(Math.ceil(bytes / pieceBytes));
}

function applyAll(list: Uint8Array): void {
  const place = { memory: patched, start: 0 };
  for (const patch = new PatchListReader(list); patch.next(); ) {
    place.start = (patch.pageNumber - block.firstPage) * pageSize;
    changed[Math.floor(place.start / pieceBytes)] = 1;
    applier.apply(place, patch);
  }
}
