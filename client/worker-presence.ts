import { taskQueueName } from '../contract/names.ts';
import { hasOtherConfiguration, parseWorkerIdentity } from '../contract/worker-identity.ts';
import { CommandError } from './command-error.ts';
import type { Temporal } from './connect.ts';
import { EXIT } from './exit-codes.ts';
import { formatTime } from './rendering/quantities.ts';

/**
 * The server remembers pollers for five minutes after their last poll. A worker's long poll ends after a minute at the latest,
 * so one that has not polled for longer is gone.
 */
const POLLED_WITHIN_MS = 90_000;

type DescribeRequest = Parameters<Temporal['client']['workflowService']['describeTaskQueue']>[0];

/** `TASK_QUEUE_TYPE_WORKFLOW` of temporal.api.enums.v1; its enum lives in a package that we do not load for one number. */
// oxlint-disable-next-line no-unsafe-enum-assignment -- see above
const WORKFLOW_TASKS = 1 as NonNullable<DescribeRequest['taskQueueType']>;

/** Identities (`pid@machine/start#configuration`) of the workers that poll a host's task queue right now. */
export async function findWorkers({ client }: Temporal, host: string): Promise<string[]> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueueName(host) },
    taskQueueType: WORKFLOW_TASKS,
  });
  const oldest = Date.now() - POLLED_WITHIN_MS;
  return pollers
    .filter(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 >= oldest)
    .map(({ identity }) => identity ?? 'unknown');
}

/**
 * Says that the workers of a host go by another configuration than this one; nothing when none polls, or one of them has it: the
 * others may have ended a moment ago.
 */
export function staleWorkerHint(workers: readonly string[], configurationHash: string): string | undefined {
  const isStale = workers.length > 0 && workers.every((identity) => hasOtherConfiguration(identity, configurationHash) === true);
  return isStale ? 'the worker still runs with another holdfast.yaml: restart it' : undefined;
}

/** A worker in words: `4711@tracker-1 since 2026-11-23 03:00 UTC`. */
export function describeWorker(identity: string): string {
  const worker = parseWorkerIdentity(identity);
  return worker === undefined ? identity : `${worker.pid}@${worker.machine} since ${formatTime(worker.startedAt)}`;
}

/** Says that a host has more workers than the one that it should have, and what to do; nothing when it has not. */
export function severalWorkers(workers: readonly string[]): { message: string; advice: string } | undefined {
  if (workers.length < 2) return undefined;
  return {
    message: `${workers.length} workers have polled for this host in the last 90 s`,
    advice: 'after a restart that is so for a moment; otherwise stop all but one, or give each machine a `host:` of its own',
  };
}

/**
 * Makes sure that somebody will take the work that is about to be asked for.
 *
 * @throws {CommandError} NoWorker (exit 20), naming the task queue and how to start a worker.
 */
export async function requireWorker(temporal: Temporal, host: string): Promise<void> {
  const workers = await findWorkers(temporal, host);
  if (workers.length > 0) return;
  throw new CommandError('NoWorker', EXIT.unreachable, noWorkerMessage(temporal, host));
}

/** Says that no worker is there, and what to do about it. */
export function noWorkerMessage({ settings }: Temporal, host: string): string {
  return [
    `no worker polls the task queue ${taskQueueName(host)} at ${settings.address}, namespace ${settings.namespace}.`,
    `Start one on the machine of host ${host}: holdfast worker`,
    'Or everything in one process: holdfast up',
  ].join('\n');
}
