/**
 * The stream that is stored of a delta that changes many pages a little, before zstd packs it. Little-endian:
 *
 *     "HFPATCH2", u32 page size, u32 pages that the database then has
 *     u32 n, n × u32 page of the base, ascending: all that pages copy from, except from further than 4 MiB behind themselves; so whoever
 *         changes a base in its place knows what to keep of it
 *     for each page, in their order: u32 how many pages after the one before (the first one counts from 0), u16 n, then, where n is
 *         65535   the page as a whole
 *         65534   u16 n, n bytes of operations that rebuild the page (rebuilt-page.ts)
 *         65533   the same, for a page whose version before counts as zeros
 *         another n bytes of operations on the page (page-patch.ts)
 *     u32 0, u16 0
 */
export const PATCH_MAGIC = Buffer.from('HFPATCH2');
/** With the number of pages that are copied from. */
export const STREAM_HEAD_BYTES = 20;
export const KEPT_BYTES = 4;
/** Of what a page copies from further behind itself, a base that is changed block by block still has all. */
export const AHEAD_BYTES = 4 * 1024 * 1024;
export const RECORD_HEAD_BYTES = 6;
/** Of what rebuilds a page, besides. */
export const LENGTH_BYTES = 2;
/** Streams of all deltas are unpacked side by side in a restore: of each, zstd keeps so much in memory (2 ** 21 bytes). */
export const ZSTD_LEVEL = ['-3', '--zstd=wlog=21'];

/** In place of a number of bytes. */
export const WHOLE = 0xffff;
export const REBUILT = 0xfffe;
export const RENEWED = 0xfffd;
/** Stands for operations on the page; their number is what the stream has. */
export const CHANGED = 0;

/** What makes a page of its version before, or, where it is whole or renewed, without it. */
export interface PagePatch {
  kind: typeof WHOLE | typeof REBUILT | typeof RENEWED | typeof CHANGED;
  bytes: Uint8Array;
}

/** Whether a patch is of operations that rebuild a page (rebuilt-page.ts). */
export function isRebuilt(kind: number): boolean {
  return kind === REBUILT || kind === RENEWED;
}

/** A patch where it lies in a larger memory: to take a part of that for each, millions of times, would take longer than to copy it. */
export interface PlacedPatch {
  readonly pageNumber: number;
  readonly kind: PagePatch['kind'];
  readonly memory: Uint8Array;
  readonly from: number;
  readonly end: number;
}

/** Takes patches in the order of their pages. */
export interface PatchTaker {
  /** Takes a copy. */
  take(patch: PlacedPatch): void;
}
