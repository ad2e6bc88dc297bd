import { endianness } from 'node:os';

/** What is at the start of a write-ahead log, and ahead of each page in it (sqlite.org/fileformat2.html, 4.1). */
export const WAL_HEADER_BYTES = 32;
export const FRAME_HEADER_BYTES = 24;

/** The last bit says in which byte order checksums read their words: that of the machine which writes it. */
const MAGIC = endianness() === 'LE' ? 0x377f0682 : 0x377f0683;
const FORMAT = 3_007_000;
const SALT_OFFSET = 16;
const SALT_BYTES = 8;
const HEADER_CHECKSUM_OFFSET = 24;
const FRAME_CHECKSUM_OFFSET = 16;
/** Of a frame's header the checksum takes in the page number and the size of the database only. */
const FRAME_CHECKED_BYTES = 8;

/** One page as a log holds it. */
export interface FrameHeader {
  /** From 1. */
  pageNumber: number;
  /** In the last frame of a commit: how many pages the database then has. Otherwise 0. */
  databasePages: number;
}

/** A frame as it was read. */
export interface Frame extends FrameHeader {
  page: Buffer;
}

/** A log that is no longer what was written. */
export class WalDamaged extends Error {
  override readonly name = 'WalDamaged';
}

/** What the header of a log says. */
export interface WalHeader {
  pageSize: number;
  salt: Buffer;
}

/** The running checksum of a log: each frame's is that of everything ahead of it (fileformat2.html, 4.2). */
export class WalChecksum {
  #first = 0;
  #second = 0;

  /** `bytes` are a multiple of 8, and begin at a multiple of 4 of their memory. */
  update(bytes: Uint8Array): void {
    // Words of the machine itself: 7 times as fast as a DataView.
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    let first = this.#first;
    let second = this.#second;
    for (let index = 0; index < words.length; index += 2) {
      first = (first + (words[index] ?? 0) + second) | 0;
      second = (second + (words[index + 1] ?? 0) + first) | 0;
    }
    this.#first = first;
    this.#second = second;
  }

  writeTo(target: Buffer, offset: number): void {
    target.writeInt32BE(this.#first, offset);
    target.writeInt32BE(this.#second, offset + 4);
  }

  isAt(source: Buffer, offset: number): boolean {
    return source.readInt32BE(offset) === this.#first && source.readInt32BE(offset + 4) === this.#second;
  }
}

/** Makes the header of a log, and begins its checksum. */
export function encodeWalHeader({ pageSize, salt }: WalHeader, checksum: WalChecksum): Buffer {
  const header = Buffer.alloc(WAL_HEADER_BYTES);
  header.writeUInt32BE(MAGIC, 0);
  header.writeUInt32BE(FORMAT, 4);
  header.writeUInt32BE(pageSize, 8);
  salt.copy(header, SALT_OFFSET, 0, SALT_BYTES);
  checksum.update(header.subarray(0, HEADER_CHECKSUM_OFFSET));
  checksum.writeTo(header, HEADER_CHECKSUM_OFFSET);
  return header;
}

/** Reads a header that {@link encodeWalHeader} made; undefined for any other. */
export function decodeWalHeader(header: Buffer, checksum: WalChecksum): WalHeader | undefined {
  if (header.length !== WAL_HEADER_BYTES || header.readUInt32BE(0) !== MAGIC || header.readUInt32BE(4) !== FORMAT)
    return undefined;
  checksum.update(header.subarray(0, HEADER_CHECKSUM_OFFSET));
  if (!checksum.isAt(header, HEADER_CHECKSUM_OFFSET)) return undefined;
  const salt = Buffer.from(header.subarray(SALT_OFFSET, SALT_OFFSET + SALT_BYTES));
  return { pageSize: header.readUInt32BE(8), salt };
}

/** Puts the header of a frame into its place ahead of the page, which is in `frame` already. */
export function sealFrame(frame: Buffer, { pageNumber, databasePages }: FrameHeader, salt: Buffer, checksum: WalChecksum): void {
  frame.writeUInt32BE(pageNumber, 0);
  frame.writeUInt32BE(databasePages, 4);
  salt.copy(frame, 8);
  checksum.update(frame.subarray(0, FRAME_CHECKED_BYTES));
  checksum.update(frame.subarray(FRAME_HEADER_BYTES));
  checksum.writeTo(frame, FRAME_CHECKSUM_OFFSET);
}

/** Reads a frame. @throws {WalDamaged} unless it goes on where the log stood */
export function openFrame(frame: Buffer, salt: Buffer, checksum: WalChecksum): Frame {
  const page = frame.subarray(FRAME_HEADER_BYTES);
  const pageNumber = frame.readUInt32BE(0);
  checksum.update(frame.subarray(0, FRAME_CHECKED_BYTES));
  checksum.update(page);
  const isOwn = frame.compare(salt, 0, SALT_BYTES, 8, 8 + SALT_BYTES) === 0;
  if (!isOwn || !checksum.isAt(frame, FRAME_CHECKSUM_OFFSET))
    throw new WalDamaged(`the checksum of page ${pageNumber} does not fit`);
  return { pageNumber, databasePages: frame.readUInt32BE(4), page };
}
