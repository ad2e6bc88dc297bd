import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, type NativeConnectionOptions, Worker } from '@temporalio/worker';
import { loadLastDrill } from '../activities/drill/report-drill.ts';
import { HookKeeper } from '../activities/hooks/hook-keeper.ts';
import { createActivities } from '../activities/index.ts';
import { displayText } from '../activities/input/display.ts';
import { ActivePhases } from '../activities/run/active-phases.ts';
import { loadLastMaintenance } from '../activities/run/repository-state.ts';
import { loadLastGoodRun } from '../activities/run/workspace.ts';
import type { Configuration } from '../config/types.ts';
import type { RunRecord } from '../contract/backup.ts';
import { taskQueueName } from '../contract/names.ts';
import { HOLDFAST_VERSION } from '../contract/version.ts';
import { workerIdentity } from '../contract/worker-identity.ts';
import { createPrograms } from '../process/programs.ts';
import { startHealthServer } from './health-server.ts';
import { createRunMetrics, type RunMetrics } from './metrics.ts';
import { watchForRival } from './rivals.ts';
import { installRuntime } from './runtime.ts';
import { registerSearchAttributes } from './search-attributes.ts';
import { announceDrain, takeStateDirectory } from './state-directory.ts';
import { settleHooks, watchHooks } from './watch-hooks.ts';

/** A phase that is at work when the worker is told to stop gets so long to end by itself; then it is cancelled, and retried later. */
const DRAIN_GRACE_MS = 10_000;
/** The worker is gone at the latest so long after it was told to stop. */
const DRAIN_LIMIT_MS = 45_000;

export interface RunWorkerOptions {
  configuration: Configuration;
  configurationHash: string;
  environment: Readonly<Record<string, string | undefined>>;
  /** As `@temporalio/envconfig` gives it; both kinds of connection take it. */
  connection: NativeConnectionOptions;
  namespace: string;
  metrics: { host: string; port: number };
  /** Aborted: drain and return. */
  shutdown: AbortSignal;
  /** Called once a run can be started. When it throws, the worker drains and the error is passed on. */
  onRunning?: () => Promise<void>;
  log: (line: string) => void;
}

/**
 * Runs the worker of this host until `shutdown`, drains, and returns within 45 s; at most 30 s more when hooks have something
 * stopped that is to be started again.
 *
 * @throws {StartError} when another worker has the state directory, or metrics cannot be served; an Error when Temporal cannot be
 * reached
 */
export async function runWorker(options: RunWorkerOptions): Promise<void> {
  await takeStateDirectory(options.configuration.stateDirectory, options);
  const { metricsPort, meter } = await installRuntime(options.log);
  const metrics = createRunMetrics(meter);
  const hooks = createHooks(options, metrics);
  try {
    await serve(options, { metricsPort, metrics, hooks });
  } finally {
    // Whatever ended it: nobody else starts what it has stopped.
    await settleHooks(hooks.keeper);
  }
}

/** The keeper of what hooks owe, which outlives the connections, and what it needs of them while there are any. */
interface Hooks {
  keeper: HookKeeper;
  activePhases: ActivePhases;
  client: Client | undefined;
}

function createHooks({ configuration, environment, log }: RunWorkerOptions, metrics: RunMetrics): Hooks {
  const activePhases = new ActivePhases();
  const keeper = new HookKeeper({
    configuration,
    programs: createPrograms(environment),
    activePhases,
    isRunOpen: async (run) => {
      if (hooks.client === undefined) throw new Error('there is no connection to Temporal');
      return isRunOpen(hooks.client, run);
    },
    log,
    onLook: metrics.recordHooks,
  });
  const hooks: Hooks = { keeper, activePhases, client: undefined };
  return hooks;
}

async function serve(
  options: RunWorkerOptions,
  { metricsPort, metrics, hooks }: { metricsPort: number; metrics: RunMetrics; hooks: Hooks },
): Promise<void> {
  let worker: Worker | undefined;
  // Before the worker: one that was created but never ran holds its connection for ever (SDK 1.24).
  const health = await startHealthServer({
    ...options.metrics,
    metricsPort,
    health: () => ({ isHealthy: worker?.getState() === 'RUNNING', state: worker?.getState() ?? 'STARTING' }),
  });
  try {
    await withConnections(options, async (connections) => {
      await seedMetrics(options.configuration, metrics);
      worker = await createWorker(options, { ...connections, metrics, hooks });
      const unwatch = watchHooks(hooks.keeper);
      await runUntilShutdown(worker, options, connections.clientConnection).finally(unwatch);
    });
  } finally {
    await health.stop();
  }
}

interface Connections {
  connection: NativeConnection;
  clientConnection: Connection;
}

async function withConnections(options: RunWorkerOptions, body: (connections: Connections) => Promise<void>): Promise<void> {
  const connection = await NativeConnection.connect(options.connection);
  const clientConnection = await Connection.connect(options.connection);
  try {
    await body({ connection, clientConnection });
  } finally {
    await clientConnection.close();
    await connection.close();
  }
}

async function createWorker(
  options: RunWorkerOptions,
  parts: Connections & { metrics: RunMetrics; hooks: Hooks },
): Promise<Worker> {
  const { configuration, namespace } = options;
  const hasSearchAttributes = await registerSearchAttributes(parts.clientConnection, namespace);
  if (!hasSearchAttributes)
    options.log(`search attributes cannot be registered in namespace ${namespace}; runs go on without them`);
  const client = new Client({ connection: parts.clientConnection, namespace });
  parts.hooks.client = client;
  return Worker.create({
    connection: parts.connection,
    namespace,
    identity: workerIdentity({
      pid: process.pid,
      machine: hostname(),
      startedAt: new Date().toISOString(),
      configurationHash: options.configurationHash,
    }),
    taskQueue: taskQueueName(configuration.host),
    workflowBundle: { codePath: fileURLToPath(new URL('../workflow-bundle.js', import.meta.url)) },
    activities: createActivities({
      configuration,
      configurationHash: options.configurationHash,
      holdfastVersion: HOLDFAST_VERSION,
      programs: createPrograms(options.environment, {
        noProgressMs: configuration.noProgressTimeoutMs,
        priority: configuration.priority,
      }),
      activePhases: parts.hooks.activePhases,
      hooks: parts.hooks.keeper,
      environment: options.environment,
      hasSearchAttributes,
      isRunOpen: (run) => isRunOpen(client, run),
      onDrillReported: (record) => {
        options.log(renderEndedRun(`drill of ${record.plan}`, record));
        parts.metrics.recordDrill(record);
      },
      onRunReported: (record) => {
        options.log(renderEndedRun(`backup of ${record.plan}`, record));
        parts.metrics.record(record);
      },
      onMaintenanceReported: (task, record) => {
        options.log(renderEndedRun(`${task} of repository ${record.plan}`, record));
        parts.metrics.recordMaintenance(task, record);
      },
    }),
    shutdownGraceTime: DRAIN_GRACE_MS,
    shutdownForceTime: DRAIN_LIMIT_MS,
    // A cancel reaches an activity with the answer to a heartbeat, and heartbeats are sent no more often than this.
    maxHeartbeatThrottleInterval: 1_000,
    // Saves some 50 MB: one host has few runs at a time (measured with SDK 1.24).
    maxConcurrentWorkflowTaskExecutions: 4,
    maxCachedWorkflows: 50,
  });
}

async function runUntilShutdown(worker: Worker, options: RunWorkerOptions, connection: Connection): Promise<void> {
  const watching = new AbortController();
  const drain = () => {
    watching.abort();
    if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  options.shutdown.addEventListener('abort', drain, { once: true });
  process.on('SIGHUP', ignoreHangup);
  let failure: { error: unknown } | undefined;
  try {
    await worker.runUntil(async () => {
      try {
        await options.onRunning?.();
        await endOfService(worker, options, { connection, signal: watching.signal });
      } catch (error) {
        failure = { error };
      }
      // It only tells a successor to wait.
      await announceDrain(options.configuration.stateDirectory).catch(() => undefined);
    });
  } finally {
    watching.abort();
    options.shutdown.removeEventListener('abort', drain);
    process.off('SIGHUP', ignoreHangup);
  }
  if (failure !== undefined) throw failure.error;
}

/** Returns when the worker is told to stop. @throws {StartError} when another one serves this host already */
async function endOfService(
  worker: Worker,
  { configuration, namespace, shutdown, log }: RunWorkerOptions,
  { connection, signal }: { connection: Connection; signal: AbortSignal },
): Promise<void> {
  const { host } = configuration;
  const watch = { connection, namespace, taskQueue: taskQueueName(host), host, identity: worker.options.identity, signal };
  const rival = await Promise.race([aborted(shutdown), watchForRival(watch)]);
  if (rival === undefined) return;
  log(`error ${rival.message}`);
  throw rival;
}

/** One line of the log. Failures of phases have lines of their own, as they happen. */
function renderEndedRun(what: string, record: RunRecord): string {
  const { workflowId, outcome, startedAt, finishedAt, snapshotId } = record;
  const seconds = (Date.parse(finishedAt ?? startedAt) - Date.parse(startedAt)) / 1000;
  const snapshot = snapshotId === undefined ? '' : `, snapshot ${snapshotId.slice(0, 8)}`;
  return `${displayText(what)} ${outcome} after ${seconds.toFixed(1)} s${snapshot} (${displayText(workflowId)})`;
}

/** restic's `unlock` probes the process of a lock with SIGHUP, and in a container that number may be ours (restic 0.19.1). */
function ignoreHangup(): void {}

async function isRunOpen(client: Client, run: { workflowId: string; runId: string }): Promise<boolean> {
  try {
    const { status } = await client.workflow.getHandle(run.workflowId, run.runId).describe();
    return status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof Error && error.name === 'WorkflowNotFoundError') return false;
    throw error;
  }
}

async function seedMetrics(configuration: Configuration, metrics: RunMetrics): Promise<void> {
  for (const plan of configuration.plans.values()) {
    const lastGood = await loadLastGoodRun(plan);
    if (lastGood !== undefined) metrics.seed(lastGood);
    const lastDrill = await loadLastDrill(plan);
    if (lastDrill !== undefined) metrics.seedDrill(lastDrill);
  }
  const { stateDirectory, repositories } = configuration;
  for (const repository of repositories.keys()) {
    for (const task of ['check', 'prune'] as const) {
      const last = await loadLastMaintenance({ stateDirectory, repository }, task);
      if (last !== undefined) metrics.recordMaintenance(task, last);
    }
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
