/**
 * Puts restored things in the place of what is there: prepared beside it, then swapped by rename, the old kept under a name of its own.
 *
 * What must never be here: a moment at which a file is neither the old one nor the new one, or anything that deletes what was there.
 */
import { link, lstat, mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { syncDirectory } from '../stage/write-durably.ts';

/** One thing to swap. Paths have their bytes as latin1 characters; see byte-path.ts. */
export interface Swap {
  /** Absolute path of what is replaced. */
  place: string;
  /** Whether anything was there when the restore began. */
  hadOld: boolean;
  isDirectory: boolean;
}

/** Buffer of a path whose characters are its bytes. */
export function raw(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}

/** Where the new one is prepared, on the same file system. */
export function draftPath({ place }: Pick<Swap, 'place'>, id: string): string {
  return `${dirname(place)}/.${basename(place)}.restoring-${id}`;
}

/** Where the old one is kept. */
export function beforePath({ place }: Pick<Swap, 'place'>, id: string): string {
  return `${place}.before-${id}`;
}

/** What is at a path, not following it. */
export async function kindAt(path: string): Promise<'none' | 'directory' | 'other'> {
  const found = await lstat(raw(path)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (found === undefined) return 'none';
  return found.isDirectory() ? 'directory' : 'other';
}

/** Whether a swap has come to its end, however the attempt that did it ended. */
export async function isSwapped(swap: Swap, id: string): Promise<boolean> {
  if ((await kindAt(draftPath(swap, id))) !== 'none') return false;
  return (await kindAt(swap.hadOld ? beforePath(swap, id) : swap.place)) !== 'none';
}

/**
 * Swaps a finished draft in. A file is exchanged in one step: there is never nothing under its name. Safe to repeat after an
 * attempt that died at any point.
 */
export async function swapIn(swap: Swap, id: string): Promise<void> {
  if (await isSwapped(swap, id)) return;
  const before = beforePath(swap, id);
  if (swap.hadOld && (await kindAt(before)) === 'none') await putAside(swap, before);
  await rename(raw(draftPath(swap, id)), raw(swap.place));
  await syncDirectory(raw(dirname(swap.place)));
}

/** A second name where that can be, so that the first one is not missing for a moment. Directories can have only one. */
async function putAside(swap: Swap, before: string): Promise<void> {
  if (!swap.isDirectory && (await kindAt(swap.place)) === 'other') {
    const isLinked = await link(raw(swap.place), raw(before)).then(
      () => true,
      () => false,
    );
    if (isLinked) return;
  }
  await rename(raw(swap.place), raw(before));
}

/** Gives the old one its place back, and removes the draft. Safe to repeat. */
export async function undoSwap(swap: Swap, id: string): Promise<void> {
  const before = beforePath(swap, id);
  const hasBefore = swap.hadOld && (await kindAt(before)) !== 'none';
  const mustMakeRoom = hasBefore ? swap.isDirectory && (await kindAt(swap.place)) !== 'none' : await isNewAlone(swap, id);
  if (mustMakeRoom) await rename(raw(swap.place), raw(draftPath(swap, id)));
  if (hasBefore) {
    await rename(raw(before), raw(swap.place));
    // Two names of one file are left as they are by rename (rename(2)).
    await rm(raw(before), { force: true });
  }
  await removeDraft(swap, id);
}

async function isNewAlone(swap: Swap, id: string): Promise<boolean> {
  return !swap.hadOld && (await isSwapped(swap, id));
}

export async function removeDraft(swap: Swap, id: string): Promise<void> {
  await rm(raw(draftPath(swap, id)), { recursive: true, force: true });
}

/** Makes the directories above a place that are not there. */
export async function makeParents(place: string): Promise<void> {
  await mkdir(raw(dirname(place)), { recursive: true, mode: 0o755 });
}
