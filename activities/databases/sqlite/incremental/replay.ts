import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Programs } from '../../../../process/programs.ts';
import type { PhaseContext } from '../../../phase.ts';
import type { HashResult } from '../../../stage/copy-file.ts';
import { ReplayFailed } from '../../chain/chain-format.ts';
import { readRestoredChain } from '../../chain/restored-chain.ts';
import { readPagesOf } from './base-pages.ts';
import { BASE_NAME, chainSchema } from './chain.ts';
import { applyUpTo, type DeltaReader } from './delta-reader.ts';
import { WholeHashThread } from './hash-threads.ts';
import { openDelta } from './open-delta.ts';
import { PatchDamaged } from './page-patch.ts';
import { BLOCK_BYTES } from './scan-pages.ts';
import { WalDamaged } from './wal-format.ts';

/** One is read, one patched, two hashed and written. */
const BUFFERS = 4;

/**
 * Path of the base of a restored chain that has nothing else: it is the database as it was backed up.
 *
 * @returns undefined where there are deltas
 * @throws {ReplayFailed}
 */
export async function baseAlone(directory: string): Promise<string | undefined> {
  const { deltas } = await readRestoredChain(directory, chainSchema);
  if (deltas.length > 0) return undefined;
  const path = join(directory, BASE_NAME);
  await (await openPart(path)).close();
  return path;
}

/**
 * Makes the database of a restored chain beside it, in one pass: each block of the base takes the changes of all deltas, which are read
 * side by side, and is hashed and written once.
 *
 * Safe to repeat: the chain stays as it is, and what is at `target` is replaced.
 *
 * @returns size and SHA-256 of what was made, whatever it should be
 * @throws {ReplayFailed}
 */
export async function replayChain(
  { programs, directory, target }: { programs: Programs; directory: string; target: string },
  context: PhaseContext,
): Promise<HashResult> {
  const { deltas, database, page_size: pageSize } = await readRestoredChain(directory, chainSchema);
  const { bytes } = database;
  const onProgress = (bytesDone: number) =>
    context.report({ phase: 'replay', bytesDone, bytesTotal: bytes, percent: Math.floor((100 * bytesDone) / bytes) });
  const base = await openPart(join(directory, BASE_NAME));
  const to = await open(target, 'w', 0o600);
  const chain = { programs, directory, pageSize, readBase: readPagesOf(base, pageSize) };
  const readers: { name: string; reader: DeltaReader }[] = [];
  try {
    for (const file of deltas) {
      await (await openPart(join(directory, file.name))).close();
      readers.push({ name: file.name, reader: openDelta(chain, file, context.signal) });
    }
    return await new Replay({ base, to, readers, pageSize, bytes }).run({ signal: context.signal, onProgress });
  } finally {
    await Promise.all([base.close(), to.close(), ...readers.map(({ reader }) => reader.close())]);
  }
}

async function openPart(path: string): Promise<FileHandle> {
  return open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new ReplayFailed(`${path} is missing`, { cause: error }) : error;
  });
}

interface ReplayFiles {
  base: FileHandle;
  to: FileHandle;
  readers: readonly { name: string; reader: DeltaReader }[];
  pageSize: number;
  /** Of the database. */
  bytes: number;
}

class Replay {
  readonly #files: ReplayFiles;
  readonly #buffers = Array.from({ length: BUFFERS }, () => new SharedArrayBuffer(BLOCK_BYTES));
  readonly #busy: Promise<unknown>[] = [];
  readonly #hash = new WholeHashThread(this.#buffers);

  constructor(files: ReplayFiles) {
    this.#files = files;
  }

  async run({ signal, onProgress }: { signal: AbortSignal; onProgress: (bytesDone: number) => void }): Promise<HashResult> {
    const { bytes } = this.#files;
    try {
      let reading = this.#read(0);
      for (let round = 0; round * BLOCK_BYTES < bytes; round++) {
        signal.throwIfAborted();
        const block = await reading;
        reading = this.#read(round + 1);
        await this.#patch(block, round);
        this.#busy[round % BUFFERS] = this.#store(block, round);
        onProgress(Math.min(bytes, (round + 1) * BLOCK_BYTES));
      }
      await Promise.all([reading, ...this.#busy]);
      return { bytes, sha256: await this.#hash.finish() };
    } finally {
      await Promise.allSettled(this.#busy);
      await this.#hash.close();
    }
  }

  /** A block of the base, and zeros where it has ended. */
  async #read(round: number): Promise<Uint8Array> {
    await this.#busy[round % BUFFERS];
    const position = round * BLOCK_BYTES;
    const bytes = Math.max(0, Math.min(BLOCK_BYTES, this.#files.bytes - position));
    const block = new Uint8Array(this.#buffers[round % BUFFERS] as SharedArrayBuffer, 0, bytes);
    let filled = 0;
    while (filled < bytes) {
      const { bytesRead } = await this.#files.base.read(block, filled, bytes - filled, position + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return block.fill(0, filled);
  }

  async #patch(block: Uint8Array, round: number): Promise<void> {
    const { pageSize, readers } = this.#files;
    const before = (round * BLOCK_BYTES) / pageSize;
    const place = { memory: block, start: 0 };
    const placeOf = (pageNumber: number) => {
      place.start = (pageNumber - before - 1) * pageSize;
      return place;
    };
    for (const { name, reader } of readers) {
      try {
        await applyUpTo(reader, before + Math.floor(block.length / pageSize), placeOf);
      } catch (error) {
        if (!(error instanceof PatchDamaged || error instanceof WalDamaged)) throw error;
        throw new ReplayFailed(`${name} is not what Holdfast wrote: ${error.message}`, { cause: error });
      }
    }
  }

  #store(block: Uint8Array, round: number): Promise<unknown> {
    const stored = Promise.all([
      this.#hash.update(round % BUFFERS, block.length),
      writeAll(this.#files.to, block, round * BLOCK_BYTES),
    ]);
    // Should another block fail, nobody waits for this one.
    stored.catch(() => undefined);
    return stored;
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let offset = 0; offset < bytes.length; ) {
    offset += (await file.write(bytes, offset, bytes.length - offset, position + offset)).bytesWritten;
  }
}
