import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLI, type Holdfast } from './holdfast.ts';

const READY_WITHIN_MS = 60_000;

/** A `holdfast worker` of its own, beside a Temporal server that the test runs. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  /** Everything that it has printed so far. */
  log = '';

  /** Starts it on the configuration of a product; `around` is put before the command, as `unshare` wants it, `environment` is added. */
  constructor(product: Holdfast, around: readonly string[] = [], environment: Record<string, string> = {}) {
    const command = [process.execPath, CLI, 'worker', '--metrics-port', String(product.metricsPort)];
    const [program = '', ...args] = [...around, ...command];
    this.#child = spawn(program, args, { env: { ...product.environment, ...environment }, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#closed = once(this.#child, 'close');
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.log += chunk.toString('utf8');
    });
  }

  /** Starts one and waits until it polls. */
  static async ready(product: Holdfast): Promise<WorkerProcess> {
    const worker = new WorkerProcess(product);
    await worker.until(/\bready\b/);
    return worker;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Waits until its log has this. */
  async until(text: RegExp, withinMs = READY_WITHIN_MS): Promise<void> {
    const deadline = Date.now() + withinMs;
    while (!text.test(this.log)) {
      if (!this.isRunning || Date.now() > deadline) throw new Error(`the worker did not say ${text}:\n${this.log}`);
      await sleep(50);
    }
  }

  /** Waits for its end, and returns its exit code; null after a signal. */
  async ended(): Promise<number | null> {
    await this.#closed;
    return this.#child.exitCode;
  }

  /** Ends it by a signal, unless it has ended. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.isRunning) this.#child.kill(signal);
    return this.ended();
  }
}
