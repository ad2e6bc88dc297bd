import type { Programs } from '../../../../process/programs.ts';
import type { DeltaReader } from './delta-reader.ts';
import { PatchDamaged } from './page-patch.ts';
import {
  CHANGED,
  isRebuilt,
  KEPT_BYTES,
  LENGTH_BYTES,
  PATCH_MAGIC,
  type PagePatch,
  type PatchTaker,
  type PlacedPatch,
  REBUILT,
  RECORD_HEAD_BYTES,
  RENEWED,
  STREAM_HEAD_BYTES,
  WHOLE,
} from './patch-format.ts';
import { ZstdOutput } from './zstd-output.ts';

/** What zstd gives at once. Where records are cut it grows. */
const BUFFER_BYTES = 64 * 1024;

/** Reads a stream of patches. */
export class PatchReader implements DeltaReader, PlacedPatch {
  readonly #output: ZstdOutput;
  readonly #pageSize: number;
  readonly #basePages: number;
  /**
   * One memory for all pieces: a new one for each, joined with what is left of the one before, would keep the garbage collector busy. It
   * is no Buffer, whose `subarray` takes three times as long, and there is one for each longer patch.
   */
  memory = new Uint8Array(BUFFER_BYTES);
  #view = viewOf(this.memory);
  /** What is there and not yet used. */
  #at = 0;
  #end = 0;
  /** Of the patch at hand. */
  kind: PagePatch['kind'] = CHANGED;
  from = 0;
  end = 0;
  #hasEnded = false;
  /** That the database then has; undefined before the head of the stream was read. */
  #pages: number | undefined;
  isReady = false;
  pageNumber = 0;
  kept = new Uint32Array();

  constructor(
    programs: Programs,
    { path, pageSize, basePages }: { path: string; pageSize: number; basePages: number },
    signal: AbortSignal,
  ) {
    this.#output = new ZstdOutput(programs, path, signal);
    this.#pageSize = pageSize;
    this.#basePages = basePages;
  }

  async ready(): Promise<void> {
    while (!this.isReady && !this.#hasEnded) {
      const piece = await this.#output.next();
      if (piece === undefined) throw new PatchDamaged('it breaks off');
      this.#append(piece);
      this.#pages ??= this.#readHead();
      if (this.#pages !== undefined) this.#look(this.#pages);
    }
    if (this.isReady) return;
    await this.#requireEnd();
    this.pageNumber = Number.POSITIVE_INFINITY;
    this.isReady = true;
  }

  pass(taker: PatchTaker): void {
    taker.take(this);
    this.#at = this.end;
    this.isReady = false;
    this.#look(this.#pages ?? 0);
  }

  async close(): Promise<void> {
    await this.#output.close();
  }

  #append(piece: Uint8Array): void {
    const kept = this.#end - this.#at;
    const needed = kept + piece.length;
    const rest = this.memory.subarray(this.#at, this.#end);
    if (needed > this.memory.length) {
      this.memory = new Uint8Array(2 * needed);
      this.#view = viewOf(this.memory);
    }
    this.memory.set(rest);
    this.memory.set(piece, kept);
    this.#at = 0;
    this.#end = needed;
  }

  #readHead(): number | undefined {
    if (this.#end < STREAM_HEAD_BYTES) return undefined;
    const isOurs = PATCH_MAGIC.equals(this.memory.subarray(0, PATCH_MAGIC.length));
    if (!isOurs || this.#view.getUint32(PATCH_MAGIC.length, true) !== this.#pageSize) {
      throw new PatchDamaged('it does not begin as patches of this database do');
    }
    const pages = this.#view.getUint32(PATCH_MAGIC.length + 4, true);
    const count = this.#view.getUint32(PATCH_MAGIC.length + 8, true);
    const end = STREAM_HEAD_BYTES + count * KEPT_BYTES;
    if (count > this.#basePages) throw new PatchDamaged('it copies from more pages than the base has');
    if (this.#end < end) return undefined;
    this.kept = Uint32Array.from({ length: count }, (_, index) =>
      this.#view.getUint32(STREAM_HEAD_BYTES + index * KEPT_BYTES, true),
    );
    this.#at = end;
    return pages;
  }

  /** Sees whether a whole record is there. That it was the last one is said once nothing follows it. */
  #look(pages: number): void {
    const body = this.#at + RECORD_HEAD_BYTES;
    if (body > this.#end) return;
    const step = this.#view.getUint32(this.#at, true);
    const length = this.#view.getUint16(this.#at + 4, true);
    if (step === 0) {
      if (length !== 0) throw new PatchDamaged('its end is not one');
      this.#at = body;
      this.#hasEnded = true;
      return;
    }
    const hasLength = isRebuilt(length);
    const start = hasLength ? body + LENGTH_BYTES : body;
    if (start > this.#end) return;
    const size = hasLength ? this.#view.getUint16(body, true) : sizeOf(length, this.#pageSize);
    // What takes more than the page itself was never written, and would be held in memory.
    if (size > this.#pageSize) throw new PatchDamaged('it has more for a page than a page');
    if (start + size > this.#end) return;
    const next = this.pageNumber + step;
    if (next > pages) throw new PatchDamaged(`it has page ${next} of a database of ${pages}`);
    this.pageNumber = next;
    this.kind = kindOf(length);
    this.from = start;
    this.end = start + size;
    this.isReady = true;
  }

  async #requireEnd(): Promise<void> {
    if (this.#at < this.#end || (await this.#output.next()) !== undefined) throw new PatchDamaged('something follows its end');
  }
}

/** By what the stream has in place of a number of bytes, if it has. */
function kindOf(length: number): PagePatch['kind'] {
  return length === WHOLE || length === REBUILT || length === RENEWED ? length : CHANGED;
}

/** Bytes of what is no rebuilt page. */
function sizeOf(length: number, pageSize: number): number {
  return length === WHOLE ? pageSize : length;
}

function viewOf({ buffer }: Uint8Array): DataView {
  return new DataView(buffer);
}
