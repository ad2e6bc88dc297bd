import { setImmediate as nextTurn } from 'node:timers/promises';

/** Far below what a heartbeat or a cancel may wait. */
const LONGEST_MS = 20;

/**
 * Lets the event loop turn when it has been kept for long. Very many small reads and writes are made synchronously, which is several
 * times as fast as to wait for each.
 */
export class Breath {
  #since = performance.now();

  /** @throws the signal's reason */
  async take(signal: AbortSignal): Promise<void> {
    if (performance.now() - this.#since < LONGEST_MS) return;
    await nextTurn();
    signal.throwIfAborted();
    this.#since = performance.now();
  }
}
