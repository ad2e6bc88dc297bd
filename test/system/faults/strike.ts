import { setTimeout as sleep } from 'node:timers/promises';
import type { Lane } from './lane.ts';
import { childrenOf } from './leftovers.ts';

/** What happens to a run. `kill child` is done by the probe, inside the worker. */
export const FAULTS = ['kill worker', 'kill server', 'kill child', 'stop worker', 'cancel', 'terminate'] as const;
export type Fault = (typeof FAULTS)[number];

/** How a run has to end. */
export const EXPECTED: Readonly<Record<Fault, string>> = {
  'kill worker': 'COMPLETED',
  'kill server': 'COMPLETED',
  'kill child': 'COMPLETED',
  'stop worker': 'COMPLETED',
  cancel: 'CANCELLED',
  terminate: 'TERMINATED',
};

/** A service manager needs this long to start what died. */
const RESTART_AFTER_MS = 500;

/**
 * Does the damage, and undoes what an operator or a service manager would: starts again what was killed.
 *
 * @returns the moment from which recovery counts, in milliseconds since 1970
 */
export async function strike(lane: Lane, fault: Fault, workflowId: string): Promise<number> {
  switch (fault) {
    case 'kill worker':
      await lane.endWorker('SIGKILL');
      return restartWorker(lane);
    case 'stop worker': {
      const ended = lane.endWorker('SIGTERM');
      await sleep(100);
      await lane.release();
      await ended;
      return restartWorker(lane);
    }
    case 'kill server':
      await lane.killServer();
      await lane.release();
      await sleep(RESTART_AFTER_MS);
      await lane.startServer();
      return Date.now();
    case 'cancel':
    case 'terminate':
      await lane.withHandle(workflowId, async (handle) => (fault === 'cancel' ? handle.cancel() : handle.terminate('struck')));
      await lane.release();
      return Date.now();
    case 'kill child':
      return (await lane.hit()) ?? Date.now();
  }
}

async function restartWorker(lane: Lane): Promise<number> {
  await sleep(RESTART_AFTER_MS);
  // A probe that still stopped phases would stop the next attempt as well.
  await lane.clearOrder();
  const restartedAt = Date.now();
  await lane.startWorker();
  return restartedAt;
}

/** Seconds until the worker has no child any more. */
export async function untilChildless(lane: Lane, sinceMs: number): Promise<number> {
  const deadline = Date.now() + 30_000;
  while (childrenOf(lane).length > 0 && Date.now() < deadline) await sleep(20);
  return (Date.now() - sinceMs) / 1000;
}
