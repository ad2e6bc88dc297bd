import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '@temporalio/client';
import { parseWorkerIdentity } from '../contract/worker-identity.ts';
import { StartError } from './start-error.ts';

/** One that polls a task queue, as the server remembers it for five minutes. */
export interface Poller {
  identity: string;
  /** Begin or end of its newest poll by the server's clock, in milliseconds since 1970. */
  lastAccessMs: number;
}

/**
 * A poller that is seen at work so long after our own first poll is alive. Before that it may be a predecessor: one that drains does not
 * poll any more, but takes 45 s for it; the polls of a machine that lost its power are ended by the server after some 60 s (server 1.32).
 */
const PREDECESSOR_GONE_AFTER_MS = 75_000;
/** A worker with nothing to do polls anew about once a minute. */
const WATCH_CLOSELY_FOR_MS = 5 * 60_000;
const LOOK_EVERY_MS = { closely: 5_000, later: 60_000 };

/**
 * Among workers that all live, the youngest has to go: it came second, and what is in progress is the others'.
 *
 * @param ownFirstMs our own first poll by the server's clock, so that the clocks of machines do not matter
 * @returns the identity of one that is older than we are and alive
 */
export function findRival(pollers: readonly Poller[], own: string, ownFirstMs: number): string | undefined {
  const alive = pollers.filter(
    ({ identity, lastAccessMs }) => identity !== own && lastAccessMs > ownFirstMs + PREDECESSOR_GONE_AFTER_MS,
  );
  return alive.find(({ identity }) => isOlder(identity, own))?.identity;
}

function isOlder(identity: string, own: string): boolean {
  const [other, self] = [identity, own].map(parseWorkerIdentity);
  // Not one of ours: whoever it is, two of us would not agree on who came first.
  if (other === undefined || self === undefined) return false;
  return other.startedAt === self.startedAt ? identity < own : other.startedAt < self.startedAt;
}

export interface RivalWatch {
  connection: Connection;
  namespace: string;
  taskQueue: string;
  host: string;
  identity: string;
  /** Ends the watch. */
  signal: AbortSignal;
}

/**
 * Watches for another worker of the same host: with a stage, a claim and a state directory of its own, so that phases of one run would
 * fall to either of them.
 *
 * @returns why this worker has to end; undefined when the watch was ended
 */
export async function watchForRival(watch: RivalWatch): Promise<StartError | undefined> {
  const since = performance.now();
  let ownFirstMs: number | undefined;
  while (!watch.signal.aborted) {
    const pollers = await listPollers(watch);
    ownFirstMs ??= pollers.find(({ identity }) => identity === watch.identity)?.lastAccessMs;
    const rival = ownFirstMs === undefined ? undefined : findRival(pollers, watch.identity, ownFirstMs);
    if (rival !== undefined) return rivalError(watch, rival);
    const isNew = performance.now() - since < WATCH_CLOSELY_FOR_MS;
    await delay(isNew ? LOOK_EVERY_MS.closely : LOOK_EVERY_MS.later, undefined, { signal: watch.signal }).catch(() => undefined);
  }
  return undefined;
}

function rivalError({ host, taskQueue }: RivalWatch, rival: string): StartError {
  const { pid, machine, startedAt } = parseWorkerIdentity(rival) ?? {};
  return new StartError(
    `another worker polls the task queue ${taskQueue}: pid ${pid} on ${machine}, since ${startedAt}. A host has one worker; this one came ` +
      `second, and ends. If ${machine} is another machine, give this one a \`host:\` of its own in holdfast.yaml (it is ${host} now); ` +
      'if it is the same one, stop one of the two.',
  );
}

type DescribeRequest = Parameters<Connection['workflowService']['describeTaskQueue']>[0];

/** `TASK_QUEUE_TYPE_WORKFLOW` of temporal.api.enums.v1; its enum lives in a package that we do not load for one number. */
// oxlint-disable-next-line no-unsafe-enum-assignment -- see above
const WORKFLOW_TASKS = 1 as NonNullable<DescribeRequest['taskQueueType']>;

/** Nobody while Temporal does not answer: the next look will tell. */
async function listPollers({ connection, namespace, taskQueue }: RivalWatch): Promise<Poller[]> {
  try {
    const { pollers } = await connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: WORKFLOW_TASKS,
    });
    return pollers.map(({ identity, lastAccessTime }) => ({
      identity: identity ?? '',
      lastAccessMs: Number(lastAccessTime?.seconds ?? 0) * 1000 + (lastAccessTime?.nanos ?? 0) / 1e6,
    }));
  } catch {
    return [];
  }
}
