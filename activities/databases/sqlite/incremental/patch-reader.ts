import type { Programs } from '../../../../process/programs.ts';
import type { DeltaReader } from './delta-reader.ts';
import { PagePatcher, PatchDamaged, type PatchPlace } from './page-patch.ts';
import { PATCH_MAGIC, RECORD_HEAD_BYTES, STREAM_HEAD_BYTES, WHOLE_PAGE } from './patch-format.ts';
import { ZstdOutput } from './zstd-output.ts';

/** What zstd gives at once. Where records are cut it grows. */
const BUFFER_BYTES = 64 * 1024;

/** Reads a stream of patches. */
export class PatchReader implements DeltaReader {
  readonly #output: ZstdOutput;
  readonly #pageSize: number;
  readonly #patcher: PagePatcher;
  /**
   * One memory for all pieces: a new one for each, joined with what is left of the one before, would keep the garbage collector busy. It
   * is no Buffer, whose `subarray` takes three times as long, and there is one for each record.
   */
  #bytes = new Uint8Array(BUFFER_BYTES);
  #view = viewOf(this.#bytes);
  /** What is there and not yet used. */
  #at = 0;
  #end = 0;
  /** Of what follows the head of the record at hand. */
  #length = 0;
  #isWhole = false;
  #hasEnded = false;
  /** That the database then has; undefined before the head of the stream was read. */
  #pages: number | undefined;
  isReady = false;
  pageNumber = 0;

  constructor(programs: Programs, { path, pageSize }: { path: string; pageSize: number }, signal: AbortSignal) {
    this.#output = new ZstdOutput(programs, path, signal);
    this.#pageSize = pageSize;
    this.#patcher = new PagePatcher(pageSize);
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

  apply(place: PatchPlace): void {
    const end = this.#at + this.#length;
    if (this.#isWhole) place.memory.set(this.#bytes.subarray(this.#at, end), place.start);
    else this.#patcher.apply(place, this.#bytes, this.#at, end);
    this.#at = end;
    this.isReady = false;
    this.#look(this.#pages ?? 0);
  }

  async close(): Promise<void> {
    await this.#output.close();
  }

  #append(piece: Uint8Array): void {
    const kept = this.#end - this.#at;
    const needed = kept + piece.length;
    const rest = this.#bytes.subarray(this.#at, this.#end);
    if (needed > this.#bytes.length) {
      this.#bytes = new Uint8Array(2 * needed);
      this.#view = viewOf(this.#bytes);
    }
    this.#bytes.set(rest);
    this.#bytes.set(piece, kept);
    this.#at = 0;
    this.#end = needed;
  }

  #readHead(): number | undefined {
    if (this.#end < STREAM_HEAD_BYTES) return undefined;
    const isOurs = PATCH_MAGIC.equals(this.#bytes.subarray(0, PATCH_MAGIC.length));
    if (!isOurs || this.#view.getUint32(PATCH_MAGIC.length, true) !== this.#pageSize) {
      throw new PatchDamaged('it does not begin as patches of this database do');
    }
    this.#at = STREAM_HEAD_BYTES;
    return this.#view.getUint32(PATCH_MAGIC.length + 4, true);
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
    const size = length === WHOLE_PAGE ? this.#pageSize : length;
    if (body + size > this.#end) return;
    const next = this.pageNumber + step;
    if (next > pages) throw new PatchDamaged(`it has page ${next} of a database of ${pages}`);
    this.pageNumber = next;
    this.#isWhole = length === WHOLE_PAGE;
    this.#length = size;
    this.#at = body;
    this.isReady = true;
  }

  async #requireEnd(): Promise<void> {
    if (this.#at < this.#end || (await this.#output.next()) !== undefined) throw new PatchDamaged('something follows its end');
  }
}

function viewOf({ buffer }: Uint8Array): DataView {
  return new DataView(buffer);
}
