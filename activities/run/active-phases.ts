/**
 * Which phases of which run are being worked on in this process right now.
 *
 * A terminated run leaves its claim behind, while its last activity hears of the end only with its next heartbeat. Until then
 * the plan must not be taken over.
 */
export class ActivePhases {
  readonly #runsByPlan = new Map<string, string[]>();

  /** Counts a phase as active for as long as its body runs. */
  async track<Result>(run: { plan: string; runId: string }, body: () => Promise<Result>): Promise<Result> {
    const runs = this.#runsByPlan.get(run.plan) ?? [];
    this.#runsByPlan.set(run.plan, runs);
    runs.push(run.runId);
    try {
      return await body();
    } finally {
      runs.splice(runs.indexOf(run.runId), 1);
    }
  }

  /** Run id of another run of the plan that still has a phase at work. */
  otherRun(run: { plan: string; runId: string }): string | undefined {
    return this.#runsByPlan.get(run.plan)?.find((runId) => runId !== run.runId);
  }
}
