import type { ProgramResult, Programs } from '../../../../process/programs.ts';
import { PatchDamaged } from './page-patch.ts';

/** What zstd unpacks of a file, read by pieces when they are asked for. */
export class ZstdOutput {
  readonly #path: string;
  readonly #ended = new AbortController();
  readonly #running: Promise<ProgramResult>;
  readonly #pieces: Promise<AsyncIterator<Uint8Array>>;
  readonly #letGo: () => void;

  constructor(programs: Programs, path: string, signal: AbortSignal) {
    this.#path = path;
    const { promise: released, resolve: letGo } = withResolver<void>();
    const { promise: pieces, resolve: opened } = withResolver<AsyncIterator<Uint8Array>>();
    this.#letGo = letGo;
    this.#running = programs.run({
      program: 'zstd',
      args: ['-q', '-d', '-c', path],
      signal: AbortSignal.any([signal, this.#ended.signal]),
      // It waits for as long as others are read.
      progress: 'none',
      killAfterMs: 500,
      consume: async (stdout) => {
        const pieces = stdout[Symbol.asyncIterator]();
        // At once: execa throws away what is not being read by the next turn of the event loop.
        opened(readAhead(pieces));
        await released;
        // Output that nobody reads would keep the child for ever.
        while ((await pieces.next()).done !== true);
      },
    });
    this.#pieces = Promise.race([pieces, this.#running.then(() => Promise.reject(new PatchDamaged('zstd gave nothing')))]);
    this.#pieces.catch(() => undefined);
  }

  /** The next piece; undefined at the end. @throws {PatchDamaged} when zstd refuses the file */
  async next(): Promise<Uint8Array | undefined> {
    const { done, value } = await (await this.#pieces).next();
    if (done !== true) return value;
    this.#letGo();
    const { exitCode, stderr } = await this.#running;
    if (exitCode !== 0) throw new PatchDamaged(`zstd cannot unpack ${this.#path}: ${stderr}`);
    return undefined;
  }

  async close(): Promise<void> {
    this.#letGo();
    this.#ended.abort();
    await this.#running.catch(() => undefined);
  }
}

function withResolver<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve!: (value: Value) => void;
  const promise = new Promise<Value>((resolveIt) => {
    resolve = resolveIt;
  });
  return { promise, resolve };
}

/** Always has one piece more than was asked for. */
function readAhead(pieces: AsyncIterator<Uint8Array>): AsyncIterator<Uint8Array> {
  const ask = () => {
    const asked = pieces.next();
    // Whoever asks for it is told.
    asked.catch(() => undefined);
    return asked;
  };
  let ahead = ask();
  return {
    next: async () => {
      const piece = ahead;
      ahead = ask();
      return piece;
    },
  };
}
