import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, ScheduleDescription, ScheduleSpec } from '@temporalio/client';
import type { RunRecord } from '../../contract/backup.ts';
import type { Holdfast } from './holdfast.ts';

/** Schedules of a product as its `apply` made them, driven faster than once a minute. */
export class ScheduleBench {
  readonly #product: Holdfast;
  readonly #client: Client;

  constructor(product: Holdfast, client: Client) {
    this.#product = product;
    this.#client = client;
  }

  /** Lets the schedules of these plans be due each `everyMs`, all at the same moments. What `apply` made of their policies stays. */
  async quicken(plans: readonly string[], everyMs: number): Promise<void> {
    await Promise.all(plans.map((plan) => this.#setTimes(plan, { intervals: [{ every: everyMs }] })));
  }

  /** Lets them be due in a far year only; a start that Temporal has in its buffer still comes. */
  async quieten(plans: readonly string[]): Promise<void> {
    await Promise.all(plans.map((plan) => this.#setTimes(plan, { calendars: [{ year: 2090, comment: 'never' }] })));
  }

  describe(plan: string): Promise<ScheduleDescription> {
    return this.#client.schedule.getHandle(`holdfast/test-host/${plan}/backup`).describe();
  }

  /** Waits until something is true of a schedule's counts. */
  async until(plan: string, isReached: (info: ScheduleDescription['info']) => boolean, withinMs = 60_000): Promise<void> {
    const deadline = Date.now() + withinMs;
    while (!isReached((await this.describe(plan)).info)) {
      if (Date.now() > deadline)
        throw new Error(
          `the schedule of ${plan} did not come to it in ${withinMs} ms: ${JSON.stringify((await this.describe(plan)).info)}`,
        );
      await sleep(200);
    }
  }

  /** Waits until no run of a schedule is in progress. */
  untilIdle(plan: string): Promise<void> {
    return this.until(plan, ({ runningActions }) => runningActions.length === 0);
  }

  /** The scheduled runs of a plan, oldest first, each with the record that it ended with. */
  async runs(plan: string): Promise<RunRecord[]> {
    const runs: { startTime: Date; record: RunRecord }[] = [];
    const query = `TemporalScheduledById = "holdfast/test-host/${plan}/backup"`;
    for await (const { workflowId, runId, startTime } of this.#client.workflow.list({ query })) {
      const handle = this.#client.workflow.getHandle(workflowId, runId);
      await handle.result().catch(() => undefined);
      const { memo } = await handle.describe();
      runs.push({ startTime, record: memo?.['holdfast'] as RunRecord });
    }
    return runs.sort((a, b) => a.startTime.getTime() - b.startTime.getTime()).map(({ record }) => record);
  }

  /** Has the only slot of the host held by a run that does nothing until it is given back. */
  async holdSlot(): Promise<{ workflowId: string; giveBack: () => Promise<void> }> {
    const workflowId = `held-${Date.now()}`;
    const handle = await this.#client.workflow.start('backup', { workflowId, taskQueue: 'nobody', args: [{ plan: 'held' }] });
    const directory = join(this.#product.directory, 'state/slots/1/claims');
    await mkdir(directory, { recursive: true });
    const claim = {
      plan: 'held',
      workflow_id: workflowId,
      run_id: handle.firstExecutionRunId,
      started_at: new Date().toISOString(),
      released: false,
    };
    const newest = Math.max(0, ...(await readdir(directory)).map((name) => Number.parseInt(name, 10)));
    await writeFile(join(directory, `${newest + 1}.json`), JSON.stringify(claim));
    return { workflowId, giveBack: async () => void (await handle.terminate('the test is over')) };
  }

  async #setTimes(plan: string, spec: ScheduleSpec): Promise<void> {
    const handle = this.#client.schedule.getHandle(`holdfast/test-host/${plan}/backup`);
    await handle.update(({ action, policies, state }) => ({ action, policies, state, spec }));
  }
}
