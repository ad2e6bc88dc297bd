import { constants, type FileHandle, open } from 'node:fs/promises';
import { readFully, readFullySync } from './file-bytes.ts';

/** Longer than a piece takes that lies in memory: where reads are faster there is nothing to be won. */
const FROM_MEMORY: FromMemory = { ms: 0.05, msPerByte: 1 / 2_000_000 };
/** What lies between two pieces is read with them up to this size: a read of its own takes memory, or a disk, as long. */
const WORTH_A_READ = { inMemory: 32 * 1024, onDisk: 64 * 1024 };
/** How much the latest reads count: this thread may have been busy with something else when they were there. */
const WEIGHT = 1 / 4;
/** The slower way is tried again once so many times of what it took have passed: that costs a fiftieth. */
const PATIENCE = 50;

/**
 * Where it is read from and to, each side by side with others in a memory of its own. It goes past the page cache only if both begin at a
 * multiple of a sector: in pages of 4 KiB and more of a memory that aligned-memory.ts made.
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
  /** Whether this thread waits for what it reads anyway, and may read itself: small pieces are there before another one could have begun. */
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
  /**
   * Milliseconds that pieces side by side take, how often each takes what one from memory does at most, and when that was last measured.
   * Pieces are of any size, so ways are compared by the second.
   */
  readonly #took: Record<Way, { ms: number; slowness: number; at: number } | undefined> = {
    cached: undefined,
    direct: undefined,
  };

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

  /** So many bytes between two pieces are rather read with them than passed over. */
  get worthARead(): number {
    return this.#isInMemory ? WORTH_A_READ.inMemory : WORTH_A_READ.onDisk;
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
    const way = this.#choose();
    this.#latestWay = way;
    const before = performance.now();
    const reads = await Promise.allSettled(pieces.map((piece) => this.#read(way, piece)));
    this.#note(way, performance.now() - before, { pieces: pieces.length, bytes });
    return reads.map((read) => {
      if (read.status === 'rejected') throw read.reason;
      return read.value;
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.#cached.close(), this.#direct?.close()]);
  }

  #choose(): Way {
    const { cached, direct } = this.#took;
    if (this.#direct === undefined || cached === undefined || this.#isInMemory) return 'cached';
    if (direct === undefined) return 'direct';
    const [faster, slower]: [Way, Way] = cached.slowness <= direct.slowness ? ['cached', 'direct'] : ['direct', 'cached'];
    const { ms, at } = slower === 'direct' ? direct : cached;
    return performance.now() - at > PATIENCE * ms ? slower : faster;
  }

  /** Whether pieces lately came from memory. */
  get #isInMemory(): boolean {
    return (this.#took.cached?.slowness ?? Number.POSITIVE_INFINITY) < 1;
  }

  /**
   * Whether this thread reads through the page cache itself: where it waits anyway, unless pieces come from a disk one after the other. A
   * busy machine makes another thread look like a disk.
   */
  get #readsItself(): boolean {
    return this.#waits && (this.#direct !== undefined || this.#isInMemory);
  }

  #note(way: Way, ms: number, { pieces, bytes }: { pieces: number; bytes: number }): void {
    const slowness = ms / (pieces * this.#fromMemory.ms + bytes * this.#fromMemory.msPerByte);
    const before = this.#took[way] ?? { ms, slowness };
    this.#took[way] = { ms: nearer(before.ms, ms), slowness: nearer(before.slowness, slowness), at: performance.now() };
  }

  async #read(way: Way, { memory, position }: Piece): Promise<number> {
    const bytes = way === 'direct' ? await this.#readDirect({ memory, position }) : 0;
    if (bytes === memory.length) return bytes;
    // What is missing of a piece lies beyond the end of the file, or in its last sector.
    const rest = memory.subarray(bytes);
    if (this.#readsItself) return bytes + readFullySync(this.#cached, rest, position + bytes);
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

function nearer(average: number, latest: number): number {
  return average + (latest - average) * WEIGHT;
}

/** The very file that is open, whatever its path leads to by now. */
async function openDirect({ fd }: FileHandle): Promise<FileHandle | undefined> {
  const { O_DIRECT, O_RDONLY } = constants;
  // Node knows of none on macOS and Windows.
  if ((O_DIRECT as number | undefined) === undefined) return undefined;
  // Whatever it is that refuses, the other way is always there.
  return open(`/proc/self/fd/${fd}`, O_RDONLY | O_DIRECT).catch(() => undefined);
}
