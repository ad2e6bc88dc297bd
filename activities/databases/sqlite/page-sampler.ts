import { type Sample, Sketch, scatter } from '../../changes/sketch.ts';

/** Offset of the page size in the header: two bytes, and 1 stands for 65 536 (sqlite.org/fileformat2.html, 1.3.2). */
const PAGE_SIZE_OFFSET = 16;

/** Takes a sample of the pages of a database file that is read from its beginning. */
export class PageSampler {
  readonly #sketch = new Sketch();
  #pageSize = 0;

  /** What lies at `offset` of the file. A page that is cut by the end of a chunk is left out. */
  take(chunk: Uint8Array, offset: number): void {
    if (offset === 0) this.#pageSize = pageSizeOf(chunk);
    const size = this.#pageSize;
    if (size === 0) return;
    for (let page = Math.ceil(offset / size); (page + 1) * size <= offset + chunk.length; page++) {
      const key = scatter(page);
      if (this.#sketch.wants(key)) this.#sketch.add(key, chunk.subarray(page * size - offset, (page + 1) * size - offset));
    }
  }

  finish(): Sample {
    return this.#sketch.finish();
  }
}

function pageSizeOf(header: Uint8Array): number {
  const [high = 0, low = 0] = header.subarray(PAGE_SIZE_OFFSET);
  const size = high * 256 + low;
  return size === 1 ? 65_536 : size;
}
