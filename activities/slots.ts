/** A number of places, which are taken in the order in which they were asked for. A wait ends when its signal is aborted. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /**
   * Runs a body once there is a place for it.
   *
   * @param onWait called when it takes waiting
   * @throws the reason of the signal when that is aborted while waiting; whatever the body throws
   */
  async inside<Result>(
    { signal, onWait }: { signal: AbortSignal; onWait: () => void },
    body: () => Promise<Result>,
  ): Promise<Result> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else {
      onWait();
      await this.#turn(signal);
    }
    try {
      return await body();
    } finally {
      // Handed on: nobody who comes in between may take it.
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal.reason as Error);
      };
      this.#waiting.push(enter);
      signal.addEventListener('abort', leave, { once: true });
    });
  }
}
