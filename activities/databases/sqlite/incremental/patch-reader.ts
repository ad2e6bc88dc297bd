import type { Programs } from '../../../../process/programs.ts';
import type { DeltaReader } from './delta-reader.ts';
import { PagePatcher, PatchDamaged, type PatchPlace } from './page-patch.ts';
import { LENGTH_BYTES, PATCH_MAGIC, REBUILT, RECORD_HEAD_BYTES, RENEWED, STREAM_HEAD_BYTES, WHOLE } from './patch-format.ts';
import { type ReadBasePage, RebuildPatcher } from './rebuilt-page.ts';
import { ZstdOutput } from './zstd-output.ts';

/** Reads a stream of patches. */
export class PatchReader implements DeltaReader {
  readonly #output: ZstdOutput;
  readonly #pageSize: number;
  readonly #patcher: PagePatcher;
  readonly #rebuilder: RebuildPatcher;
  #bytes = Buffer.alloc(0);
  #at = 0;
  /** Of what follows the head of the record at hand. */
  #length = 0;
  /** As in the stream, in place of a number of bytes. */
  #kind = 0;
  #hasEnded = false;
  /** That the database then has; undefined before the head of the stream was read. */
  #pages: number | undefined;
  isReady = false;
  pageNumber = 0;

  /** `readBase` is asked for pages of the base that others are made of. */
  constructor(
    programs: Programs,
    { path, pageSize, readBase }: { path: string; pageSize: number; readBase: ReadBasePage },
    signal: AbortSignal,
  ) {
    this.#output = new ZstdOutput(programs, path, signal);
    this.#pageSize = pageSize;
    this.#patcher = new PagePatcher(pageSize);
    this.#rebuilder = new RebuildPatcher(pageSize, readBase);
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
    this.#carryOut(this.#kind, place, { bytes: this.#bytes, at: this.#at, end });
    this.#passTo(end);
  }

  take(): (place: PatchPlace) => void {
    const record = { bytes: this.#bytes, at: this.#at, end: this.#at + this.#length };
    const kind = this.#kind;
    this.#passTo(record.end);
    return (place) => {
      this.#carryOut(kind, place, record);
    };
  }

  async close(): Promise<void> {
    await this.#output.close();
  }

  #carryOut(kind: number, place: PatchPlace, { bytes, at, end }: { bytes: Buffer; at: number; end: number }): void {
    if (kind === RENEWED) place.memory.fill(0, place.start, place.start + this.#pageSize);
    if (kind === WHOLE) bytes.copy(place.memory, place.start, at, end);
    else if (kind === REBUILT || kind === RENEWED) this.#rebuilder.apply(place, bytes, at, end);
    else this.#patcher.apply(place, bytes, at, end);
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
    const isRebuilt = length === REBUILT || length === RENEWED;
    const head = RECORD_HEAD_BYTES + (isRebuilt ? LENGTH_BYTES : 0);
    if (this.#at + head > bytes.length) return;
    const rest = isRebuilt ? bytes.readUInt16LE(this.#at + RECORD_HEAD_BYTES) : length;
    const size = length === WHOLE ? this.#pageSize : rest;
    if (this.#at + head + size > bytes.length) return;
    const next = this.pageNumber + step;
    if (next > (this.#pages ?? 0)) throw new PatchDamaged(`it has page ${next} of a database of ${this.#pages}`);
    this.pageNumber = next;
    this.#kind = length;
    this.#length = size;
    this.#at += head;
    this.isReady = true;
  }

  async #requireEnd(): Promise<void> {
    if (this.#at < this.#bytes.length || (await this.#output.next()) !== undefined)
      throw new PatchDamaged('something follows its end');
  }
}
