/** Promises that are under way, and that it may be that nobody waits for because something before them failed. */
export class Unsettled {
  readonly #promises = new Set<Promise<unknown>>();

  note(promise: Promise<unknown>): void {
    const settled: Promise<unknown> = promise.catch(() => undefined).then(() => this.#promises.delete(settled));
    this.#promises.add(settled);
  }

  /** Returns once none of them is under way any more, whatever became of it. */
  async settled(): Promise<void> {
    await Promise.all(this.#promises);
  }
}
