import { constants, type FileHandle, open } from 'node:fs/promises';
import { readFully, readFullySync } from './file-bytes.ts';

/** Longer than a piece takes that lies in memory: where reads are faster there is nothing to be won. */
const FROM_MEMORY: FromMemory = { ms: 0.1, msPerByte: 1 / 2_000_000 };
/** How much the latest reads count: this thread may have been busy with something else when they were there. */
const WEIGHT = 1 / 4;
/** The slower way is tried again once so many times of what it took have passed: that costs a fiftieth. */
const PATIENCE = 50;
const WASM_PAGE_BYTES = 65_536;

/** Neither the language's own types nor Node's tell of it. */
declare const WebAssembly: {
  Memory: new (size: {
    initial: number;
    maximum: number;
    shared: boolean;
  }) => { readonly buffer: ArrayBuffer | SharedArrayBuffer };
};

/**
 * Where it is read from and to, each side by side with others in a memory of its own. It goes past the page cache only if both begin at a
 * multiple of a sector: in pages of 4 KiB and more of a memory that {@link alignedMemory} made.
 */
export interface Piece {
  memory: Buffer;
  position: number;
}

type Way = 'cached' | 'direct';

/** Milliseconds that a piece takes at most which lies in memory: `ms`, and `msPerByte` for each of its bytes. */
interface FromMemory {
  ms: number;
  msPerByte: number;
}

export interface ReadingOptions {
  /** Whether this thread itself reads what lies in memory: small pieces are there before another one could have begun. */
  waits?: boolean;
  fromMemory?: FromMemory;
}

/**
 * Reads a large file through the page cache where the file lies in it, and past it (`O_DIRECT`) where it comes from the disk. What others
 * work with is then not pushed out of memory by a backup, no byte is copied once more, and nothing is read ahead in a file with holes. From
 * the disk, 17 GB took 8 s and 1 s of CPU instead of 20 s and 25 s (Linux 6.18, ext4, a virtual machine of 2 cores). Which way is faster is
 * measured on the way.
 */
export class AdaptiveFile {
  readonly #cached: FileHandle;
  /** Undefined where there is no such way. */
  #direct: FileHandle | undefined;
  /** Milliseconds that a piece takes, and when that was last measured. */
  readonly #took: Record<Way, { ms: number; at: number } | undefined> = { cached: undefined, direct: undefined };

  readonly #fromMemory: FromMemory;
  readonly #waits: boolean;
  #latestWay: Way = 'cached';

  private constructor(files: { cached: FileHandle; direct: FileHandle | undefined }, options: ReadingOptions) {
    this.#cached = files.cached;
    this.#direct = files.direct;
    this.#fromMemory = options.fromMemory ?? FROM_MEMORY;
    this.#waits = options.waits ?? false;
  }

  /** The caller may write to `cached`, which is closed with this. */
  static async over(cached: FileHandle, options: ReadingOptions = {}): Promise<AdaptiveFile> {
    return new AdaptiveFile({ cached, direct: await openDirect(cached) }, options);
  }

  /** @throws the system error */
  static async open(path: string, options: ReadingOptions = {}): Promise<AdaptiveFile> {
    return AdaptiveFile.over(await open(path, 'r'), options);
  }

  /** Which way the latest pieces were read. */
  get latestWay(): Way {
    return this.#latestWay;
  }

  /**
   * Reads pieces side by side.
   *
   * @returns how many bytes there were of each
   * @throws the system error, once nothing is written to their memory any more
   */
  async read(pieces: readonly Piece[]): Promise<number[]> {
    if (pieces.length === 0) return [];
    const bytes = pieces.reduce((sum, { memory }) => sum + memory.length, 0);
    const way = this.#choose(bytes / pieces.length);
    this.#latestWay = way;
    const before = performance.now();
    const reads = await Promise.allSettled(pieces.map((piece) => this.#read(way, piece)));
    this.#note(way, (performance.now() - before) / pieces.length);
    return reads.map((read) => {
      if (read.status === 'rejected') throw read.reason;
      return read.value;
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.#cached.close(), this.#direct?.close()]);
  }

  #choose(bytes: number): Way {
    const { cached, direct } = this.#took;
    if (this.#direct === undefined || cached === undefined) return 'cached';
    if (direct === undefined) return this.#isInMemory(bytes) ? 'cached' : 'direct';
    const [faster, slower]: [Way, Way] = cached.ms <= direct.ms ? ['cached', 'direct'] : ['direct', 'cached'];
    const { ms, at } = slower === 'direct' ? direct : cached;
    return performance.now() - at > PATIENCE * ms ? slower : faster;
  }

  /** Whether pieces of such a size lately came from memory. */
  #isInMemory(bytes: number): boolean {
    const { cached } = this.#took;
    return cached !== undefined && cached.ms < this.#fromMemory.ms + bytes * this.#fromMemory.msPerByte;
  }

  #note(way: Way, ms: number): void {
    const average = this.#took[way]?.ms ?? ms;
    this.#took[way] = { ms: average + (ms - average) * WEIGHT, at: performance.now() };
  }

  async #read(way: Way, { memory, position }: Piece): Promise<number> {
    const bytes = way === 'direct' ? await this.#readDirect({ memory, position }) : 0;
    if (bytes === memory.length) return bytes;
    // What is missing of a piece lies beyond the end of the file, or in its last sector.
    const rest = memory.subarray(bytes);
    if (this.#waits && this.#isInMemory(memory.length)) return bytes + readFullySync(this.#cached, rest, position + bytes);
    return bytes + (await readFully(this.#cached, rest, position + bytes)).length;
  }

  /** Returns 0 where it is refused, whatever for: should it be the disk that fails, the other way is told as well. */
  async #readDirect({ memory, position }: Piece): Promise<number> {
    const direct = this.#direct;
    try {
      return (await direct?.read(memory, 0, memory.length, position))?.bytesRead ?? 0;
    } catch {
      this.#direct = undefined;
      await direct?.close();
      return 0;
    }
  }
}

/**
 * Memory to read into past the page cache, at least so large: WebAssembly's begins where a page of memory does, others begin anywhere. It
 * takes 10 GiB of addresses (V8, Node 20), so where those are limited (`ulimit -v`) it is any memory, and read into through the cache.
 */
export function alignedMemory(bytes: number): ArrayBuffer {
  return (allocate(bytes, false) ?? new ArrayBuffer(bytes)) as ArrayBuffer;
}

/** As {@link alignedMemory}, for several threads. */
export function sharedMemory(bytes: number): SharedArrayBuffer {
  return (allocate(bytes, true) ?? new SharedArrayBuffer(bytes)) as SharedArrayBuffer;
}

function allocate(bytes: number, shared: boolean): ArrayBuffer | SharedArrayBuffer | undefined {
  const pages = Math.ceil(bytes / WASM_PAGE_BYTES);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared }).buffer;
  } catch {
    return undefined;
  }
}

/** The very file that is open, whatever its path leads to by now. */
async function openDirect({ fd }: FileHandle): Promise<FileHandle | undefined> {
  const { O_DIRECT, O_RDONLY } = constants;
  // Node knows of none on macOS and Windows.
  if ((O_DIRECT as number | undefined) === undefined) return undefined;
  // Whatever it is that refuses, the other way is always there.
  return open(`/proc/self/fd/${fd}`, O_RDONLY | O_DIRECT).catch(() => undefined);
}
