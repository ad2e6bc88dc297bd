import { createHash, hash } from 'node:crypto';

/** SHA-256, whole. */
export const DIGEST_BYTES = 32;

/** Makes the digest of each page of a memory, again and again. */
export class PageDigests {
  readonly #pageSize: number;
  /** Made once: to make one for each page, and a buffer for each digest, takes a quarter as long as the hashing. */
  readonly #pages: readonly Uint8Array[];

  /** What is in the memory is read when it is asked for. */
  constructor(memory: Uint8Array, pageSize: number) {
    this.#pageSize = pageSize;
    const starts = Array.from({ length: Math.ceil(memory.length / pageSize) }, (_, page) => page * pageSize);
    this.#pages = starts.map((start) => memory.subarray(start, start + pageSize));
  }

  /** Of the first bytes of the memory, whose last page may be cut off; one after the other. */
  of(bytes: number): Buffer<ArrayBuffer> {
    const pageSize = this.#pageSize;
    const digests = Buffer.from(new ArrayBuffer(Math.ceil(bytes / pageSize) * DIGEST_BYTES));
    for (let page = 0, start = 0; start < bytes; page++, start += pageSize) {
      const whole = this.#pages[page] ?? new Uint8Array();
      const digest = hash('sha256', bytes - start < pageSize ? whole.subarray(0, bytes - start) : whole, 'binary');
      digests.write(digest, page * DIGEST_BYTES, DIGEST_BYTES, 'latin1');
    }
    return digests;
  }
}

/**
 * What a database is known by whose pages are hashed one by one: the SHA-256 of their digests in the order of the pages. A table of
 * digests has it as its own.
 */
export class PagesHash {
  readonly #pageSize: number;
  readonly #hash = createHash('sha256');
  /** Of a page that has only begun. */
  #begun: Uint8Array = new Uint8Array();

  constructor(pageSize: number) {
    this.#pageSize = pageSize;
  }

  /** Takes in the next bytes of the database, from anywhere to anywhere. */
  update(bytes: Uint8Array): void {
    const known = this.#begun.length === 0 ? bytes : Buffer.concat([this.#begun, bytes]);
    const whole = known.length - (known.length % this.#pageSize);
    this.#add(known.subarray(0, whole));
    this.#begun = Uint8Array.from(known.subarray(whole));
  }

  /** Hexadecimal. Nothing may be taken in afterwards. */
  digest(): string {
    this.#add(this.#begun);
    return this.#hash.digest('hex');
  }

  #add(pages: Uint8Array): void {
    this.#hash.update(new PageDigests(pages, this.#pageSize).of(pages.length));
  }
}
