import type { Command } from 'commander';
import type { Configuration } from '../../config/types.ts';
import { parsePort } from '../arguments.ts';
import { readConnectionSettings } from '../connect.ts';
import { type Context, readConfiguration, say, withTemporal } from '../context.ts';
import { type Shutdown, watchShutdown } from '../shutdown.ts';

interface WorkerFlags {
  apply?: true;
  metricsHost: string;
  metricsPort: number;
}

/** `holdfast worker`: the process that makes the backups of its host. One of the two commands that load worker/. */
export function addWorker(program: Command, context: Context): void {
  program
    .command('worker')
    .description('run the worker of this host, against a Temporal server that runs elsewhere')
    .option('--apply', 'make the schedules what the configuration says first')
    .option('--metrics-host <address>', 'address to serve /metrics and /healthz on', '127.0.0.1')
    .option('--metrics-port <port>', 'port of it', parsePort, 9464)
    .addHelpText(
      'after',
      '\nExamples:\n  holdfast worker --apply\n  TEMPORAL_ADDRESS=temporal:7233 holdfast worker --metrics-host 0.0.0.0',
    )
    .action(async (flags: WorkerFlags) => work(context, flags));
}

async function work(context: Context, flags: WorkerFlags): Promise<void> {
  const configuration = await readConfiguration(context);
  const shutdown = watchShutdown(context.io, () => say(context, 'draining; Ctrl-C again ends it at once'));
  try {
    await prepare(context, configuration, flags);
    await serve(context, { configuration, flags, shutdown });
  } finally {
    shutdown.release();
  }
}

/** Looks whether Temporal is there. Where it is not, no worker comes to run, and what one before it has stopped is started here. */
async function prepare(context: Context, configuration: Configuration, flags: WorkerFlags): Promise<void> {
  try {
    await withTemporal(context, async (temporal) => {
      if (flags.apply !== true) return;
      const { applySchedules } = await import('../schedules/apply.ts');
      const { renderSteps } = await import('../schedules/render-steps.ts');
      say(context, ...renderSteps(await applySchedules(temporal, configuration, { prune: false })));
    });
  } catch (error) {
    // oxlint-disable-next-line no-restricted-imports -- this command runs a worker
    const { settleHooksOf } = await import('../../worker/index.ts');
    const { environment } = context.io;
    // Where another worker has the state directory it is that one's to do; the reason why this one ends is another.
    await settleHooksOf({ configuration, environment, log: (line) => say(context, line) }).catch(() => undefined);
    throw error;
  }
}

async function serve(
  context: Context,
  { configuration, flags, shutdown }: { configuration: Configuration; flags: WorkerFlags; shutdown: Shutdown },
): Promise<void> {
  const { configurationHash } = await import('../../config/index.ts');
  // oxlint-disable-next-line no-restricted-imports -- this command runs a worker
  const { runWorker } = await import('../../worker/index.ts');
  const { options, namespace, address } = await readConnectionSettings(context.io.environment);
  await runWorker({
    configuration,
    configurationHash: configurationHash(configuration),
    environment: context.io.environment,
    connection: options,
    namespace,
    metrics: { host: flags.metricsHost, port: flags.metricsPort },
    shutdown: shutdown.signal,
    onRunning: async () =>
      say(context, `ready: worker of host ${configuration.host} polls at ${address}, namespace ${namespace}`),
    log: (line) => say(context, line),
  });
}
