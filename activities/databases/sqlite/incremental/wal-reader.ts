import type { DeltaReader } from './delta-reader.ts';
import { type PatchTaker, WHOLE } from './patch-format.ts';
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

  pass(taker: PatchTaker): void {
    const page = this.#frame?.page;
    if (page !== undefined) taker.take({ pageNumber: this.pageNumber, kind: WHOLE, memory: page, from: 0, end: page.length });
    this.isReady = false;
  }

  async close(): Promise<void> {
    await this.#frames.return(undefined);
  }
}
