import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EACH_MS = 50;

/**
 * Which runs have a phase at work in this process right now.
 *
 * A terminated run leaves its claim behind, while its last activity hears of the end only with its next heartbeat. Until then
 * the plan must not be taken over.
 */
export class ActivePhases {
  readonly #runIds: string[] = [];

  /** Counts a phase of a run as active for as long as its body runs. */
  async track<Result>(runId: string, body: () => Promise<Result>): Promise<Result> {
    this.#runIds.push(runId);
    try {
      return await body();
    } finally {
      this.#runIds.splice(this.#runIds.indexOf(runId), 1);
    }
  }

  /** Waits until no phase of the run is at work; false when one still is after `limitMs`. */
  async haveEnded(runId: string, limitMs: number): Promise<boolean> {
    const deadline = performance.now() + limitMs;
    while (this.has(runId) && performance.now() < deadline) await sleep(LOOK_EACH_MS);
    return !this.has(runId);
  }

  /** Whether any phase of the run is at work. */
  has(runId: string): boolean {
    return this.#runIds.includes(runId);
  }
}
