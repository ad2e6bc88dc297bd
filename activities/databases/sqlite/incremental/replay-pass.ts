import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { sharedMemory } from '../../../aligned-memory.ts';
import { ReplayFailed } from '../../chain/chain-format.ts';
import { type DeltaReader, passUpTo } from './delta-reader.ts';
import { readFully, writeFully } from './file-bytes.ts';
import type { Originals } from './originals.ts';
import { PatchDamaged } from './page-patch.ts';
import { PatchList } from './patch-list.ts';
import { BLOCK_BYTES } from './scan-pages.ts';
import type { ApplySetting, BlockToPatch, PatchedBlock } from './threads/apply-patches.ts';
import { Thread } from './threads/thread.ts';
import { Unsettled } from './unsettled.ts';
import { WalDamaged } from './wal-format.ts';

/** That patch blocks, however many cores there are. */
const THREADS = 2;
/** One is read, each thread has one and one more before it, two are written. */
const BUFFERS = 2 * THREADS + 3;
/** Of patches of one block that are in memory at once; as a rule they take much less. */
const FULL_BYTES = BLOCK_BYTES;
/** So much of a base is written where one page in it has changed. */
const PIECE_BYTES = 64 * 1024;

export interface PassFiles {
  base: FileHandle;
  basePages: number;
  /** Where the database goes: another file, or the base itself. */
  to: FileHandle;
  readers: readonly { name: string; reader: DeltaReader }[];
  /** Of a base that is changed in its place. */
  originals: Originals | undefined;
  pageSize: number;
  /** Of the database. */
  bytes: number;
}

/** Calls what reads a delta. @throws {ReplayFailed} when the delta is damaged */
export async function reading<Result>(name: string, body: () => Promise<Result> | Result): Promise<Result> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof PatchDamaged || error instanceof WalDamaged)) throw error;
    throw new ReplayFailed(`${name} is not what Holdfast wrote: ${error.message}`, { cause: error });
  }
}

type WholePatchedBlock = Exclude<PatchedBlock, { damaged: number }>;

/** One pass over a base: each block takes the changes of all deltas, and is hashed and written. */
export class ReplayPass {
  readonly #files: PassFiles;
  readonly #buffers = Array.from({ length: BUFFERS }, () => sharedMemory(BLOCK_BYTES));
  /** By buffer, when the block in it is stored. */
  readonly #stored: Promise<void>[] = [];
  readonly #unsettled = new Unsettled();
  /** Of the digests of the pages (PagesHash). */
  readonly #hash = createHash('sha256');
  readonly #threads: Thread<BlockToPatch, PatchedBlock>[] = [];
  /** By buffer, what changes the block in it. */
  readonly #lists = this.#buffers.map(() => PatchList.createShared());
  /** When the block at hand and all before it were patched, and their digests taken in. */
  #hashed: Promise<unknown> = Promise.resolve();

  constructor(files: PassFiles) {
    this.#files = files;
  }

  /** @returns the SHA-256 of the digests of the pages that were made @throws {ReplayFailed} */
  async run({ signal, onProgress }: { signal: AbortSignal; onProgress: (bytesDone: number) => void }): Promise<string> {
    const { bytes } = this.#files;
    try {
      this.#startThreads();
      let next = this.#note(this.#read(0));
      for (let round = 0; round * BLOCK_BYTES < bytes; round++) {
        signal.throwIfAborted();
        const block = await next;
        next = this.#note(this.#read(round + 1));
        await this.#files.originals?.save(block, firstPageOf(round, this.#files));
        const patching = this.#note(this.#ask(round, await this.#gather(round, block.length)));
        this.#stored[round % BUFFERS] = this.#note(this.#store(round, block, patching));
        onProgress(Math.min(bytes, (round + 1) * BLOCK_BYTES));
      }
      await Promise.all([next, ...this.#stored]);
      await this.#files.to.truncate(bytes);
      return this.#hash.digest('hex');
    } finally {
      await this.#unsettled.settled();
      await Promise.all(this.#threads.map((thread) => thread.end()));
    }
  }

  #startThreads(): void {
    const { base, basePages, originals, pageSize } = this.#files;
    const setting: ApplySetting = {
      pageSize,
      base: { fd: base.fd },
      basePages,
      originals: originals?.setting,
      pieceBytes: PIECE_BYTES,
    };
    while (this.#threads.length < THREADS) this.#threads.push(new Thread('apply-patches', setting));
  }

  /** Should another block fail, nobody waits for this one, but for its end. */
  #note<Value>(promise: Promise<Value>): Promise<Value> {
    this.#unsettled.note(promise);
    return promise;
  }

  /** A block of the base, and zeros where it has ended. */
  async #read(round: number): Promise<Buffer> {
    await this.#stored[round % BUFFERS];
    const position = round * BLOCK_BYTES;
    const bytes = Math.max(0, Math.min(BLOCK_BYTES, this.#files.bytes - position));
    const block = Buffer.from(this.#memoryOf(round), 0, bytes);
    const { length } = await readFully(this.#files.base, block, position);
    return block.fill(0, length);
  }

  /** Gathers what all deltas change in a block. What is too much for the memory is asked at once, ahead of the rest, which is returned. */
  async #gather(round: number, bytes: number): Promise<BlockToPatch> {
    const { pageSize, readers } = this.#files;
    const block = { firstPage: firstPageOf(round, this.#files), memory: this.#memoryOf(round), bytes };
    const lastPage = block.firstPage - 1 + Math.floor(bytes / pageSize);
    const list = this.#lists[round % BUFFERS] as PatchList;
    const isFull = () => list.bytes >= FULL_BYTES;
    let ends: number[] = [];
    let isFirst = true;
    list.clear();
    for (const { name, reader } of readers) {
      while (!(await reading(name, () => passUpTo(reader, lastPage, list, isFull)))) {
        await this.#ask(round, { ...block, patches: list.shared, ends: [...ends, list.bytes], isFirst, isLast: false });
        list.clear();
        ends = ends.map(() => 0);
        isFirst = false;
      }
      ends.push(list.bytes);
    }
    return { ...block, patches: list.shared, ends, isFirst, isLast: true };
  }

  async #ask(round: number, question: BlockToPatch): Promise<WholePatchedBlock> {
    const thread = this.#threads[round % THREADS] as Thread<BlockToPatch, PatchedBlock>;
    const patched = await thread.ask(question);
    if ('changed' in patched) return patched;
    const { name = '' } = this.#files.readers[patched.damaged] ?? {};
    return reading(name, () => {
      throw new PatchDamaged(patched.message);
    });
  }

  /** Writes a block once it was patched, and all before it were, which may copy from it. */
  async #store(round: number, block: Buffer, patching: Promise<WholePatchedBlock>): Promise<void> {
    const hashing = Promise.all([patching, this.#hashed]).then(([patched]) => {
      this.#hash.update(patched.digests ?? '');
      return patched;
    });
    this.#hashed = this.#note(hashing);
    await this.#write(round, block, (await hashing).changed);
  }

  async #write(round: number, block: Buffer, changed: Uint8Array): Promise<void> {
    const position = round * BLOCK_BYTES;
    if (this.#files.originals === undefined) return writeFully(this.#files.to, block, position);
    const pieces = Math.ceil(block.length / PIECE_BYTES);
    const marks = changed.subarray(0, pieces);
    for (let piece = marks.indexOf(1); piece !== -1; ) {
      const found = marks.indexOf(0, piece);
      const end = found === -1 ? pieces : found;
      await writeFully(this.#files.to, block.subarray(piece * PIECE_BYTES, end * PIECE_BYTES), position + piece * PIECE_BYTES);
      piece = marks.indexOf(1, end);
    }
  }

  #memoryOf(round: number): SharedArrayBuffer {
    return this.#buffers[round % BUFFERS] as SharedArrayBuffer;
  }
}

function firstPageOf(round: number, { pageSize }: PassFiles): number {
  return (round * BLOCK_BYTES) / pageSize + 1;
}
