import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Connection } from '@temporalio/client';
import { createPrograms, type Programs, type RunningProgram } from '../../process/programs.ts';
import { findFreePort } from '../../worker/free-port.ts';

/** A dev server of the test's own, on 127.0.0.1 and without a Web UI. */
export interface TemporalServer {
  /** `127.0.0.1:<port>`; its namespace is `default`. */
  address: string;
  /** Ends the server and waits until it is gone. */
  stop(): Promise<void>;
  /** Ends it as a crash would, and waits until it is gone. */
  kill(): Promise<void>;
}

export interface TemporalServerOptions {
  /** SQLite file that outlives the server. Without it everything is kept in memory. */
  databaseFile?: string;
  /** A free one without it. */
  port?: number;
}

const READY_WITHIN_MS = 30_000;
const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * Starts `temporal server start-dev` (CLI 1.9) and returns when its namespace answers.
 *
 * The program is looked for in the checkout's `.tools/bin`, then on the PATH.
 *
 * @throws {ProgramMissing} when there is no Temporal CLI, and an Error when the server is not there after 30 s.
 */
export async function startTemporalServer(options: TemporalServerOptions = {}): Promise<TemporalServer> {
  const port = options.port ?? (await findFreePort());
  const address = `127.0.0.1:${port}`;
  const controller = new AbortController();
  let pid = 0;
  const server = await testPrograms().start({
    program: 'temporal',
    args: serverArguments(port, options.databaseFile),
    signal: controller.signal,
    killAfterMs: 10_000,
    onStart: (started) => {
      pid = started;
    },
  });
  const drained = drain(server);
  const stop = async () => {
    controller.abort(new Error('the test is over'));
    // Its end by the signal above is what was asked for.
    await server.stop().catch(() => undefined);
    await drained;
  };
  try {
    await untilReady(address);
  } catch (error) {
    await stop();
    throw error;
  }
  const kill = async () => {
    process.kill(pid, 'SIGKILL');
    await stop();
  };
  return { address, stop, kill };
}

/** A runner that finds the tools of this checkout as `holdfast` itself does. */
export function testPrograms(): Programs {
  const path = [join(ROOT, '.tools', 'bin'), process.env['PATH'] ?? ''].join(delimiter);
  return createPrograms({ ...process.env, PATH: path });
}

function serverArguments(port: number, databaseFile: string | undefined): string[] {
  const database = databaseFile === undefined ? [] : ['--db-filename', databaseFile];
  return ['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', String(port), '--log-level', 'error', ...database];
}

/** Reads the server's output, so that a full pipe never stops it. */
async function drain(server: RunningProgram): Promise<void> {
  for (;;) {
    const { done } = await server.lines.next();
    if (done === true) return;
  }
}

async function untilReady(address: string): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    try {
      await askForNamespace(address);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`no Temporal server at ${address} after 30 s`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function askForNamespace(address: string): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: 2_000 });
  try {
    await connection.workflowService.describeNamespace({ namespace: 'default' });
  } finally {
    await connection.close();
  }
}
