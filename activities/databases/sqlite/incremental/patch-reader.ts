import type { Programs } from '../../../../process/programs.ts';
import type { DeltaReader } from './delta-reader.ts';
import { PagePatcher, PatchDamaged, type PatchPlace } from './page-patch.ts';
import { PATCH_MAGIC, RECORD_HEAD_BYTES, STREAM_HEAD_BYTES, WHOLE_PAGE } from './patch-format.ts';
import { ZstdOutput } from './zstd-output.ts';

/** Reads a stream of patches. */
export class PatchReader implements DeltaReader {
  readonly #output: ZstdOutput;
  readonly #pageSize: number;
  readonly #patcher: PagePatcher;
  #bytes = Buffer.alloc(0);
  #at = 0;
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
      this.#bytes = Buffer.concat([this.#bytes.subarray(this.#at), piece]);
      this.#at = 0;
      this.#pages ??= this.#readHead();
      if (this.#pages !== undefined) this.#look();
    }
    if (this.isReady) return;
    await this.#requireEnd();
    this.pageNumber = Number.POSITIVE_INFINITY;
    this.isReady = true;
  }

  apply(place: PatchPlace): void {
    const end = this.#at + this.#length;
    if (this.#isWhole) this.#bytes.copy(place.memory, place.start, this.#at, end);
    else this.#patcher.apply(place, this.#bytes, this.#at, end);
    this.#passTo(end);
  }

  take(): (place: PatchPlace) => void {
    const [bytes, at, isWhole] = [this.#bytes, this.#at, this.#isWhole];
    const end = at + this.#length;
    this.#passTo(end);
    return (place) => {
      if (isWhole) bytes.copy(place.memory, place.start, at, end);
      else this.#patcher.apply(place, bytes, at, end);
    };
  }

  async close(): Promise<void> {
    await this.#output.close();
  }

  #passTo(end: number): void {
    this.#at = end;
    this.isReady = false;
    this.#look();
  }

  #readHead(): number | undefined {
    if (this.#bytes.length < STREAM_HEAD_BYTES) return undefined;
    const isOurs = this.#bytes.compare(PATCH_MAGIC, 0, PATCH_MAGIC.length, 0, PATCH_MAGIC.length) === 0;
    if (!isOurs || this.#bytes.readUInt32LE(PATCH_MAGIC.length) !== this.#pageSize) {
      throw new PatchDamaged('it does not begin as patches of this database do');
    }
    this.#at = STREAM_HEAD_BYTES;
    return this.#bytes.readUInt32LE(PATCH_MAGIC.length + 4);
  }

  /** Sees whether a whole record is there. That it was the last one is said once nothing follows it. */
  #look(): void {
    const bytes = this.#bytes;
    if (this.#at + RECORD_HEAD_BYTES > bytes.length) return;
    const step = bytes.readUInt32LE(this.#at);
    const length = bytes.readUInt16LE(this.#at + 4);
    if (step === 0) {
      if (length !== 0) throw new PatchDamaged('its end is not one');
      this.#at += RECORD_HEAD_BYTES;
      this.#hasEnded = true;
      return;
    }
    const size = length === WHOLE_PAGE ? this.#pageSize : length;
    if (this.#at + RECORD_HEAD_BYTES + size > bytes.length) return;
    const next = this.pageNumber + step;
    if (next > (this.#pages ?? 0)) throw new PatchDamaged(`it has page ${next} of a database of ${this.#pages}`);
    this.pageNumber = next;
    this.#isWhole = length === WHOLE_PAGE;
    this.#length = size;
    this.#at += RECORD_HEAD_BYTES;
    this.isReady = true;
  }

  async #requireEnd(): Promise<void> {
    if (this.#at < this.#bytes.length || (await this.#output.next()) !== undefined)
      throw new PatchDamaged('something follows its end');
  }
}
