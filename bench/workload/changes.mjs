import { CompressedSize } from './compressed-size.mjs';
import { comparePages, PAGE_BYTES } from './pages.mjs';

/** What changed in the databases since it was last asked: the yardsticks for what a day's backup has to store. */
export class Changes {
  /** @type {Map<string, Buffer>} */
  #digests = new Map();

  /** @param {import('./subject.mjs').Workload} workload */
  constructor(workload) {
    this.workload = workload;
  }

  /** Forgets what was: from now on all changes count. Returns the bytes of all pages. */
  async begin() {
    let bytes = 0;
    for (const path of this.workload.databaseFiles) bytes += (await this.#compare(path, undefined)) * PAGE_BYTES;
    await this.workload.mariadb?.remember();
    return { bytes };
  }

  /**
   * Bytes of the pages that changed in both databases' files, and what is left of the SQLite database's pages, and of the changed and new
   * rows of MariaDB as a dump writes them, when zstd has compressed them.
   *
   * @returns {Promise<import('../types.d.ts').Changed>}
   */
  async next() {
    const [sqlite, ...others] = this.workload.databaseFiles;
    const compressed = new CompressedSize();
    let pages = await this.#compare(sqlite, (page) => compressed.write(page));
    for (const path of others) pages += await this.#compare(path, undefined);
    return { bytes: pages * PAGE_BYTES, sqlite: await compressed.end(), mysql: await this.#rows() };
  }

  async #compare(path, consume) {
    const { digests, changed } = await comparePages(path, this.#digests.get(path), consume);
    this.#digests.set(path, digests);
    return changed;
  }

  async #rows() {
    const { mariadb } = this.workload;
    if (mariadb === undefined) return 0;
    const compressed = new CompressedSize();
    await compressed.write(await mariadb.changedRows());
    return compressed.end();
  }
}
