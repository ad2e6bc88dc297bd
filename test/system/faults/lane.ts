/**
 * A host of its own for faults: a Temporal server on a database file and a worker, each a process that can be killed and started
 * again, on a plan with files, a SQLite and a MariaDB database, an archive and a policy.
 *
 * What must never be here: a stand-in for anything that the product uses.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import type { DatabaseServer } from '../../support/database-server.ts';
import { Holdfast, renderConfiguration } from '../../support/holdfast.ts';
import { startTemporalServer, type TemporalServer } from '../../support/temporal-server.ts';
import { createTrackerDatabase } from '../../support/tracker-database.ts';
import { WorkerProcess } from '../../support/worker-process.ts';

const PROBE = fileURLToPath(new URL('probe.mjs', import.meta.url));

/** Where a phase is to be struck. `programs`: kill such a child of the worker there. `delayMs` counts from the start of the phase. */
export interface Order {
  phase: string;
  moment: 'start' | 'middle' | 'end';
  delayMs: number;
  programs?: readonly string[];
}

/** What the probe wrote down. */
export interface PhaseEvent {
  phase: string;
  moment: 'start' | 'end' | 'failed';
  attempt: number;
  runId: string;
  /** Milliseconds since 1970. */
  at: number;
}

export class Lane {
  readonly holdfast: Holdfast;
  readonly #port: number;
  #server: TemporalServer | undefined;
  #worker: WorkerProcess | undefined;
  #workflows = 0;

  private constructor(holdfast: Holdfast) {
    this.holdfast = holdfast;
    this.#port = Number(holdfast.address.split(':')[1]);
  }

  /** Makes everything and starts server and worker. The database server has a database `tracker`. */
  static async create(database: DatabaseServer, sqliteBytes: number): Promise<Lane> {
    const holdfast = await Holdfast.create((directory) => render(directory, database));
    const lane = new Lane(holdfast);
    const { directory } = holdfast;
    for (const name of ['probe', 'tmp', 'data/etc/empty']) await mkdir(join(directory, name), { recursive: true });
    for (let file = 0; file < 50; file += 1) await writeFile(join(directory, `data/etc/${file}.toml`), `generation = ${file}\n`);
    await createTrackerDatabase(join(directory, 'data/tracker.db'), { journalMode: 'wal', bytes: sqliteBytes });
    await writeFile(join(directory, 'service'), SERVICE);
    await writeFile(join(directory, 'service.running'), '');
    await holdfast.restic('init');
    await lane.startServer();
    await lane.startWorker();
    return lane;
  }

  get directory(): string {
    return this.holdfast.directory;
  }

  /** What children of the worker, and nobody else, have in their environment. */
  get mark(): string {
    return `TMPDIR=${join(this.directory, 'tmp')}`;
  }

  get workerPid(): number {
    return this.#worker?.pid ?? 0;
  }

  async startServer(): Promise<void> {
    this.#server = await startTemporalServer({ databaseFile: join(this.directory, 'temporal.db'), port: this.#port });
  }

  async killServer(): Promise<void> {
    await this.#server?.kill();
  }

  /** Starts `holdfast worker`, and waits until it polls. */
  async startWorker(): Promise<void> {
    const environment = {
      NODE_OPTIONS: `--import=${PROBE}`,
      HOLDFAST_PROBE: join(this.directory, 'probe'),
      TMPDIR: join(this.directory, 'tmp'),
    };
    this.#worker = new WorkerProcess(this.holdfast, [], environment);
    await this.#worker.until(/ready:/);
  }

  /** Ends the worker by a signal, and waits until it is gone. */
  async endWorker(signal: NodeJS.Signals): Promise<void> {
    await this.#worker?.stop(signal);
  }

  /**
   * Starts a workflow and returns its handle, with another file than the last time: what is unchanged may be spared, and then there is
   * nothing to strike. The connection is made anew: the server may have been killed meanwhile.
   */
  async start(type: string, input: object): Promise<{ workflowId: string; runId: string }> {
    this.#workflows += 1;
    await writeFile(join(this.directory, 'data/etc/newest.toml'), `generation = ${this.#workflows}\n`);
    const workflowId = `${type}-${this.#workflows}`;
    return this.holdfast.withClient(async (client) => {
      const started = await client.workflow.start(type, { workflowId, taskQueue: 'holdfast-test-host', args: [input] });
      return { workflowId, runId: started.firstExecutionRunId };
    });
  }

  async withHandle<Result>(workflowId: string, body: (handle: WorkflowHandle) => Promise<Result>): Promise<Result> {
    return this.holdfast.withClient(async (client) => body(client.workflow.getHandle(workflowId)));
  }

  /** How a workflow ended: `COMPLETED`, `FAILED: …`, `CANCELLED`, `TERMINATED`; waits for it, so long at most. */
  async outcome(workflowId: string, limitMs: number): Promise<string> {
    return this.withHandle(workflowId, async (handle) => {
      const deadline = Date.now() + limitMs;
      while (Date.now() < deadline) {
        const { status, memo } = await handle.describe();
        if (status.name !== 'RUNNING') return status.name === 'FAILED' ? `FAILED: ${JSON.stringify(memo)}` : status.name;
        await sleep(200);
      }
      return 'RUNNING';
    });
  }

  /** Asks the probe to strike once. */
  async order(order: Order): Promise<void> {
    await this.clearOrder();
    await writeFile(this.#probeFile('order.json'), JSON.stringify(order));
  }

  async clearOrder(): Promise<void> {
    for (const name of ['order.json', 'hit.json', 'release']) await rm(this.#probeFile(name), { force: true });
  }

  /** When the probe struck, in milliseconds since 1970; undefined as long as it has not. */
  async hit(): Promise<number | undefined> {
    const text = await readFile(this.#probeFile('hit.json'), 'utf8').catch(() => '');
    // Empty while it is being written.
    return text === '' ? undefined : (JSON.parse(text) as { at: number }).at;
  }

  /** Lets a phase go on that was stopped at its start or end. */
  async release(): Promise<void> {
    await writeFile(this.#probeFile('release'), '');
  }

  async events(): Promise<PhaseEvent[]> {
    const text = await readFile(this.#probeFile('events.jsonl'), 'utf8').catch(() => '');
    return text
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line) as PhaseEvent);
  }

  #probeFile(name: string): string {
    return join(this.directory, 'probe', name);
  }

  /** What the worker has printed since it was started last. */
  get log(): string {
    return this.#worker?.log ?? '';
  }

  async stop(): Promise<void> {
    await this.endWorker('SIGKILL');
    await this.#server?.stop();
    await this.holdfast.stop();
  }
}

/** Stands for a service that a plan stops for its dumps: a file says whether it runs. It takes its time, as services do. */
const SERVICE = `
case "$1" in
  stop) sleep 0.1; rm -f "$0.running"; sleep 0.1 ;;
  start) sleep 0.1; : > "$0.running"; sleep 0.1 ;;
  state) test -e "$0.running" ;;
esac
`;

function render(directory: string, database: DatabaseServer): string {
  return renderConfiguration(directory, {
    sources: `
files:
  config: { base: ${directory}/data, paths: [etc] }
sqlite:
  tracker: { path: ${directory}/data/tracker.db }
mysql:
  tracker: { socket: ${database.socket}, user: root, database: tracker }
`,
    extra: `
archive: { directory: ${directory}/archives, keep_days: 0, keep_at_least: 2 }
retention: { keep_last: 2 }
hooks:
  before_dump: [sh, ${directory}/service, stop]
  after_dump: [sh, ${directory}/service, start]
  state: [sh, ${directory}/service, state]
verification:
  schedule: { cron: "0 6 1 1 *" }
  queries:
    - { sqlite: tracker, sql: "SELECT count(*) FROM torrents", at_least: 1 }
`,
  });
}
