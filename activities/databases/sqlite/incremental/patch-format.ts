/**
 * The stream that is stored of a delta that changes many pages a little, before zstd packs it. Little-endian:
 *
 *     "HFPATCH1", u32 page size, u32 pages that the database then has
 *     for each page, in their order: u32 how many pages after the one before (the first one counts from 0), u16 n, then
 *         n bytes of operations (page-patch.ts), or, where n is 65535, the page as a whole
 *     u32 0, u16 0
 */
export const PATCH_MAGIC = Buffer.from('HFPATCH1');
export const STREAM_HEAD_BYTES = 16;
export const RECORD_HEAD_BYTES = 6;
/** In place of a number of bytes: the page follows as a whole. */
export const WHOLE_PAGE = 0xffff;
/** Streams of all deltas are unpacked side by side in a restore: of each, zstd keeps so much in memory (2 ** 21 bytes). */
export const ZSTD_LEVEL = ['-3', '--zstd=wlog=21'];
