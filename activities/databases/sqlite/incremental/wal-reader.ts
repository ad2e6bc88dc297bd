import type { DeltaReader } from './delta-reader.ts';
import type { PatchPlace } from './page-patch.ts';
import { readWal } from './wal-file.ts';
import { type Frame, WalDamaged } from './wal-format.ts';

/** Reads a log whose pages are in their order. */
export class WalReader implements DeltaReader {
  readonly #frames: AsyncGenerator<Frame, unknown>;
  #frame: Frame | undefined;
  isReady = false;
  pageNumber = 0;
  readonly kept = new Uint32Array();

  constructor(path: string, pageSize: number) {
    this.#frames = readWal(path, pageSize);
  }

  async ready(): Promise<void> {
    const next = await this.#frames.next();
    this.#frame = next.done === true ? undefined : next.value;
    const pageNumber = this.#frame?.pageNumber ?? Number.POSITIVE_INFINITY;
    if (pageNumber <= this.pageNumber) throw new WalDamaged(`page ${pageNumber} is out of its order`);
    this.pageNumber = pageNumber;
    this.isReady = true;
  }

  apply({ memory, start }: PatchPlace): void {
    this.#frame?.page.copy(memory, start);
    this.isReady = false;
  }

  take(): (place: PatchPlace) => void {
    const page = Buffer.from(this.#frame?.page ?? []);
    this.isReady = false;
    return ({ memory, start }) => void page.copy(memory, start);
  }

  async close(): Promise<void> {
    await this.#frames.return(undefined);
  }
}
