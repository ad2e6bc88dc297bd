import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { createPrograms } from '../process/programs.ts';
import { StartError } from './start-error.ts';
import { takeStateDirectory } from './state-directory.ts';

export interface EmbeddedServer {
  /** `127.0.0.1:7233` */
  address: string;
  /** Where the Web UI answers. */
  uiUrl: string;
  /** Rejects when the server ends by itself. */
  ended: Promise<never>;
  stop(): Promise<void>;
}

const START_LIMIT_MS = 30_000;
/** The dev server's own value is a day (Temporal CLI 1.9); `holdfast history` is to show a month. */
const HISTORY_RETENTION_MS = 30 * 24 * 60 * 60 * 1000;

/**
 * Starts Temporal's development server, with Web UI, on the loopback interface and on a database file below the state directory:
 * a second start goes on with the history of the first. It dies with this process, however that ends.
 *
 * @throws {ProgramMissing} without the Temporal CLI; {StartError} when another worker has the state directory, a port is in use, or
 * the server does not come up
 */
export async function startEmbeddedServer(options: {
  stateDirectory: string;
  port: number;
  uiPort: number;
  environment: Readonly<Record<string, string | undefined>>;
  log: (line: string) => void;
  /** Called when it does not come up although the state directory is ours: no worker will come to run. */
  onFailed: () => Promise<void>;
}): Promise<EmbeddedServer> {
  const directory = join(options.stateDirectory, 'temporal');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const address = `127.0.0.1:${options.port}`;
  await takeStateDirectory(options.stateDirectory, options);
  try {
    return await startServer(join(directory, 'temporal.db'), address, options);
  } catch (error) {
    await options.onFailed();
    throw error;
  }
}

async function startServer(
  databaseFile: string,
  address: string,
  options: { port: number; uiPort: number; environment: Readonly<Record<string, string | undefined>> },
): Promise<EmbeddedServer> {
  await requireFreePort(options.port, '--port');
  await requireFreePort(options.uiPort, '--ui-port');
  const stopping = new AbortController();
  const server = createPrograms(options.environment).run({
    program: 'temporal',
    args: serverArguments(databaseFile, options),
    // Idle for as long as nobody asks it anything.
    progress: 'none',
    signal: stopping.signal,
    killAfterMs: 10_000,
  });
  const ended = server.then((result): never => {
    const said = [result.stdout.slice(-2_000).trim(), result.stderr].filter((text) => text !== '').join(' / ');
    throw new StartError(`the Temporal server ended with exit code ${result.exitCode}: ${said}`);
  });
  ended.catch(() => undefined);
  const stop = async () => {
    stopping.abort(new Error('stopped'));
    await server.catch(() => undefined);
  };
  try {
    await Promise.race([ended, prepareNamespace(address)]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { address, uiUrl: `http://127.0.0.1:${options.uiPort}`, ended, stop };
}

function serverArguments(databaseFile: string, options: { port: number; uiPort: number }): string[] {
  const listen = [
    '--ip',
    '127.0.0.1',
    '--port',
    String(options.port),
    '--ui-ip',
    '127.0.0.1',
    '--ui-port',
    String(options.uiPort),
  ];
  return ['server', 'start-dev', ...listen, '--db-filename', databaseFile, '--ui-disable-news-fetch', '--log-level', 'error'];
}

async function requireFreePort(port: number, flag: string): Promise<void> {
  const probe = createServer();
  const error = await new Promise<Error | undefined>((resolve) => {
    probe.once('error', resolve);
    probe.listen(port, '127.0.0.1', () => resolve(undefined));
  });
  probe.close();
  if (error === undefined) return;
  throw new StartError(`port ${port} on 127.0.0.1 cannot be used: ${error.message}. Choose another one with ${flag}.`);
}

/** Waits until the server answers, and has it keep histories for 30 days. */
async function prepareNamespace(address: string): Promise<void> {
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    const connection = await Connection.connect({ address, connectTimeout: 1_000 }).catch(() => undefined);
    try {
      await connection?.workflowService.updateNamespace({
        namespace: 'default',
        config: { workflowExecutionRetentionTtl: msToTs(HISTORY_RETENTION_MS) },
      });
      if (connection !== undefined) return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    } finally {
      await connection?.close();
    }
    if (Date.now() > deadline)
      throw new Error(`the Temporal server did not answer on ${address} within ${START_LIMIT_MS / 1000} s.`);
    await delay(100);
  }
}
