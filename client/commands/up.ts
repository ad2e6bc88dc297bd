import type { Command } from 'commander';
import type { Configuration } from '../../config/types.ts';
import { parsePort } from '../arguments.ts';
import { connect } from '../connect.ts';
import { type Context, readConfiguration, say } from '../context.ts';
import { type Shutdown, watchShutdown } from '../shutdown.ts';

interface UpFlags {
  port: number;
  uiPort: number;
  metricsPort: number;
}

/** `holdfast up`: everything in one process group: Temporal with its Web UI, the worker, the schedules. */
export function addUp(program: Command, context: Context): void {
  program
    .command('up')
    .description('run everything here: a Temporal server with Web UI, the worker and the schedules')
    .option('--port <port>', 'port of Temporal, for the other commands', parsePort, 7233)
    .option('--ui-port <port>', 'port of the Web UI', parsePort, 8233)
    .option('--metrics-port <port>', 'port of /metrics and /healthz', parsePort, 9464)
    .addHelpText('after', EXAMPLES)
    .action(async (flags: UpFlags) => up(context, flags));
}

const EXAMPLES = `
All of it listens on 127.0.0.1 alone. The history lies under state_directory and
outlives a restart. It prints "ready" once a run can be started. Ctrl-C drains
and stops; a second Ctrl-C stops at once.

Examples:
  holdfast up
  holdfast up --port 7244 --ui-port 8244
  TEMPORAL_ADDRESS=127.0.0.1:7244 holdfast status`;

async function up(context: Context, flags: UpFlags): Promise<void> {
  const configuration = await readConfiguration(context);
  // oxlint-disable-next-line no-restricted-imports -- this command runs a worker
  const { settleHooksOf, startEmbeddedServer } = await import('../../worker/index.ts');
  const shutdown = watchShutdown(context.io, () => say(context, 'draining; Ctrl-C again ends it at once'));
  const here = { environment: context.io.environment, log: (line: string) => say(context, line) };
  try {
    const server = await startEmbeddedServer({
      ...here,
      stateDirectory: configuration.stateDirectory,
      port: flags.port,
      uiPort: flags.uiPort,
      onFailed: () => settleHooksOf({ ...here, configuration }),
    });
    try {
      const work = serve(context, { configuration, metricsPort: flags.metricsPort, shutdown, server });
      await Promise.race([work, endWithServer(server.ended, { work, shutdown })]);
    } finally {
      await server.stop();
    }
  } finally {
    shutdown.release();
  }
}

/** Without its server the worker would poll in vain for ever: it drains, and the server's own words are passed on. */
async function endWithServer(
  ended: Promise<never>,
  { work, shutdown }: { work: Promise<void>; shutdown: Shutdown },
): Promise<void> {
  try {
    await ended;
  } catch (error) {
    // A Ctrl-C may have reached the server too: it was to end, only not before the worker.
    if (shutdown.signal.aborted) return work;
    shutdown.begin();
    // What it says after this is a consequence.
    await work.catch(() => undefined);
    throw error;
  }
}

interface Serving {
  configuration: Configuration;
  metricsPort: number;
  shutdown: Shutdown;
  server: { address: string; uiUrl: string };
}

async function serve(context: Context, { configuration, metricsPort, shutdown, server }: Serving): Promise<void> {
  const { configurationHash } = await import('../../config/index.ts');
  // oxlint-disable-next-line no-restricted-imports -- this command runs a worker
  const { runWorker } = await import('../../worker/index.ts');
  await runWorker({
    configuration,
    configurationHash: configurationHash(configuration),
    environment: context.io.environment,
    connection: { address: server.address },
    namespace: 'default',
    metrics: { host: '127.0.0.1', port: metricsPort },
    shutdown: shutdown.signal,
    onRunning: async () => announce(context, configuration, server),
    log: (line) => say(context, line),
  });
}

async function announce(context: Context, configuration: Configuration, { address, uiUrl }: Serving['server']): Promise<void> {
  const { applySchedules } = await import('../schedules/apply.ts');
  const { renderSteps } = await import('../schedules/render-steps.ts');
  // Our own server, whatever TEMPORAL_ADDRESS says.
  const temporal = await connect({ TEMPORAL_ADDRESS: address });
  try {
    say(context, ...renderSteps(await applySchedules(temporal, configuration, { prune: false })));
  } finally {
    await temporal.close();
  }
  say(context, ...readyLines(address, uiUrl));
}

/** What is said once a run can be started; the other commands have to be told of a port that is not the usual one. */
export function readyLines(address: string, uiUrl: string): string[] {
  const ready = `ready: Temporal at ${address}, Web UI at ${uiUrl}`;
  return address.endsWith(':7233') ? [ready] : [ready, `other commands: export TEMPORAL_ADDRESS=${address}`];
}
