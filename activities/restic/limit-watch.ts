/**
 * Decides when a `restic backup` is ended so that another can go on at the rate of a new time of day.
 *
 * What must never be here: a limit of anything but a backup's upload. A prune or a restore keeps the rate that it was started with.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { rateAt } from '../../config/limits.ts';
import type { Rate, TransferLimit } from '../../config/types.ts';

/** restic was ended, with all of its upload noted in the repository, for another upload rate to hold from now on. */
export class LimitChanged extends Error {
  override readonly name = 'LimitChanged';
}

const LOOK_EVERY_MS = 2_000;

/**
 * restic notes what it has sent in an index: once a pack is through and 10 min have passed since the first pack of that index, or with
 * 50 000 blobs. What no index has is sent again (restic 0.19.1, internal/repository/index/index.go, and measured).
 */
const INDEX_AFTER_MS = 15 * 60_000;
/** So much may be under way before a pack is through: 5 connections with a pack of 16 MiB each; once ahead of the 10 min, once after. */
const UNDER_WAY_BYTES = 2 * 5 * 16 * 1024 ** 2;

/** With no index in this time, in milliseconds, next to nothing was sent. */
export function indexWithinMs(rate: Rate): number {
  return INDEX_AFTER_MS + (rate === 'unlimited' ? 0 : (UNDER_WAY_BYTES / rate) * 1000);
}

/** A new restic reads the stage from its beginning: at least so fast. */
const READ_BYTES_PER_S = 100 * 1024 ** 2;
/** A restart must save more than this, to be worth it. */
const WORTHWHILE_MS = 60_000;

/** How far an upload has come, as restic tells it. */
export interface UploadProgress {
  bytesDone: number;
  bytesTotal: number;
}

export interface UploadWatch {
  limit: TransferLimit;
  /** What the call was started with. */
  rate: Rate;
  /** restic's cache of the repository: it keeps a copy of each index that it saves. */
  cacheDirectory: string;
  progress: () => UploadProgress | undefined;
  /** Calls it with {@link LimitChanged} once the call is to end. */
  end: (reason: LimitChanged) => void;
}

/** Watches the time of day for a call of restic. Returns the function that ends the watch. */
export function watchUploadLimit(watch: UploadWatch): () => void {
  let since: { at: number; indexes: ReadonlySet<string> } | undefined;
  const timer = setInterval(() => {
    const now = Date.now();
    const due = rateAt(watch.limit, now);
    if (due === watch.rate) {
      since = undefined;
      return;
    }
    since ??= { at: now, indexes: new Set(listIndexes(watch.cacheDirectory)) };
    const { at, indexes } = since;
    const isSaved = listIndexes(watch.cacheDirectory).some((index) => !indexes.has(index));
    const isStricter = isBelow(due, watch.rate);
    const isTime = isStricter
      ? isSaved || now - at >= indexWithinMs(watch.rate)
      : isSaved && restartPays(watch.rate, watch.progress());
    if (!isTime) return;
    clearInterval(timer);
    watch.end(new LimitChanged(`the upload limit is ${describeRate(due)} from now on`));
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}

/** Whether what is left takes longer, at the rate as it is, than reading everything anew. Changed or not, it counts as to be sent. */
export function restartPays(rate: Rate, progress: UploadProgress | undefined): boolean {
  if (rate === 'unlimited' || progress === undefined) return false;
  const { bytesDone, bytesTotal } = progress;
  const leftMs = ((bytesTotal - bytesDone) / rate) * 1000;
  const readMs = (bytesTotal / READ_BYTES_PER_S) * 1000;
  return leftMs - readMs > WORTHWHILE_MS;
}

function isBelow(one: Rate, other: Rate): boolean {
  return one !== 'unlimited' && (other === 'unlimited' || one < other);
}

function describeRate(rate: Rate): string {
  return rate === 'unlimited' ? 'lifted' : `${rate / 1024} KiB/s`;
}

/** `index/<two digits>/<id>` (restic 0.19.1, internal/backend/cache). Those of other hosts come in when a restic starts. */
function listIndexes(cacheDirectory: string): string[] {
  const directory = join(cacheDirectory, 'index');
  return namesIn(directory).flatMap((prefix) => namesIn(join(directory, prefix)));
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
