import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import type { RunDocument } from '../../client/runs/run-document.ts';
import { findFreePort } from '../../worker/free-port.ts';
import { replaceKey } from './quick-key.ts';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** The built command line. */
export const CLI = join(ROOT, 'dist/client/main.js');
const READY_WITHIN_MS = 60_000;

export interface CliResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** A directory of its own with a configuration, and the built CLI on it. Ended and removed by `stop`. */
export class Holdfast {
  readonly directory: string;
  readonly environment: Record<string, string | undefined>;
  readonly address: string;
  readonly uiPort: number;
  readonly metricsPort: number;
  #up: ChildProcess | undefined;
  /** Everything that `holdfast up` has printed so far. */
  log = '';

  private constructor(directory: string, ports: [number, number, number], environment: Record<string, string>) {
    this.directory = directory;
    const [port, uiPort, metricsPort] = ports;
    this.address = `127.0.0.1:${port}`;
    this.uiPort = uiPort;
    this.metricsPort = metricsPort;
    this.environment = {
      ...process.env,
      PATH: [join(ROOT, '.tools/bin'), process.env['PATH']].join(delimiter),
      HOLDFAST_CONFIG: join(directory, 'holdfast.yaml'),
      TEMPORAL_ADDRESS: this.address,
      RESTIC_SECRET: 'correct horse battery staple',
      ...environment,
    };
  }

  /** Makes the directory and writes the configuration; nothing runs yet. */
  static async create(
    render: (directory: string) => string,
    options: { environment?: Record<string, string> } = {},
  ): Promise<Holdfast> {
    const directory = await mkdtemp(join(tmpdir(), 'holdfast-test-'));
    const ports: [number, number, number] = [await findFreePort(), await findFreePort(), await findFreePort()];
    const holdfast = new Holdfast(directory, ports, options.environment ?? {});
    await mkdir(join(directory, 'data'));
    await holdfast.configure(render);
    return holdfast;
  }

  async configure(render: (directory: string) => string): Promise<void> {
    await writeFile(join(this.directory, 'holdfast.yaml'), render(this.directory));
  }

  /** Starts `holdfast up` and waits until it says that it is ready. */
  async up(): Promise<void> {
    const port = this.address.split(':')[1] ?? '';
    const args = ['up', '--port', port, '--ui-port', String(this.uiPort), '--metrics-port', String(this.metricsPort)];
    const up = spawn(process.execPath, [CLI, ...args], { env: this.environment, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#up = up;
    up.stderr.on('data', (chunk: Buffer) => {
      this.log += chunk.toString('utf8');
    });
    const deadline = Date.now() + READY_WITHIN_MS;
    while (!/\bready\b/.test(this.log)) {
      if (up.exitCode !== null || Date.now() > deadline) throw new Error(`holdfast up did not get ready:\n${this.log}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends `holdfast up` by a signal and returns its exit code. */
  async down(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const up = this.#up;
    this.#up = undefined;
    if (up === undefined || up.exitCode !== null || up.signalCode !== null) return up?.exitCode ?? null;
    const closed = once(up, 'close');
    up.kill(signal);
    await closed;
    this.log = '';
    return up.exitCode;
  }

  /** Runs a command to its end. */
  async cli(...args: string[]): Promise<CliResult> {
    const child = spawn(process.execPath, [CLI, ...args], { env: this.environment, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => {
      output.stdout += chunk.toString('utf8');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      output.stderr += chunk.toString('utf8');
    });
    await once(child, 'close');
    if (args[0] === 'init' && child.exitCode === 0) await this.#quickenRepository();
    return { exitCode: child.exitCode ?? -1, ...output };
  }

  /** Runs `backup PLAN --json` and returns what it printed. */
  async backup(plan: string, ...flags: string[]): Promise<{ exitCode: number; run: RunDocument }> {
    const result = await this.cli('backup', plan, '--json', ...flags);
    try {
      return { exitCode: result.exitCode, run: JSON.parse(result.stdout) as RunDocument };
    } catch (error) {
      throw new Error(`backup ${plan} printed no JSON: ${result.stdout}\n${result.stderr}`, { cause: error });
    }
  }

  /** Runs `backup tracker --json`, which must succeed. */
  async mustBackUp(): Promise<RunDocument> {
    const { exitCode, run } = await this.backup('tracker');
    expect({ exitCode, failure: run.failure }).toEqual({ exitCode: 0, failure: undefined });
    return run;
  }

  /** Runs a tool with this environment, and fails unless it ends with 0. */
  async tool(program: string, args: string[], extra: { env?: Record<string, string>; cwd?: string } = {}): Promise<string> {
    const child = spawn(program, args, {
      env: { ...this.environment, ...extra.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(extra.cwd === undefined ? {} : { cwd: extra.cwd }),
    });
    const chunks: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
    await once(child, 'close');
    if (child.exitCode === 0) return Buffer.concat(chunks).toString('utf8');
    throw new Error(`${program} ${args.join(' ')} ended with ${child.exitCode}: ${Buffer.concat(errors).toString('utf8')}`);
  }

  /** restic on the repository `main` of {@link renderConfiguration}, as an operator would call it. */
  async restic(...args: string[]): Promise<string> {
    const env = { RESTIC_PASSWORD: this.environment['RESTIC_SECRET'] ?? '', RESTIC_CACHE_DIR: join(this.directory, 'cache') };
    const output = await this.tool('restic', ['--repo', join(this.directory, 'repository'), ...args], { env });
    if (args[0] === 'init') await this.#quickenRepository();
    return output;
  }

  /** Some hundred calls of restic would spend most of their time on its key. */
  async #quickenRepository(): Promise<void> {
    const repository = join(this.directory, 'repository');
    if (!existsSync(join(repository, 'keys'))) return;
    await replaceKey(repository, this.environment['RESTIC_SECRET'] ?? '', await this.restic('cat', 'masterkey'));
  }

  /** Works with a Temporal client. */
  async withClient<Result>(body: (client: Client) => Promise<Result>): Promise<Result> {
    const connection = await Connection.connect({ address: this.address });
    try {
      return await body(new Client({ connection }));
    } finally {
      await connection.close();
    }
  }

  /**
   * Keeps the history of a run for test/replay/, when HOLDFAST_RECORD_HISTORIES is set; does nothing otherwise. One that is there stays:
   * runs like it may still be in progress somewhere.
   *
   * As `temporal workflow show` gives it: that form can be replayed, the Web UI's download cannot.
   */
  async recordHistory(workflowId: string, name: string): Promise<void> {
    if (process.env['HOLDFAST_RECORD_HISTORIES'] === undefined) return;
    const address = this.environment['TEMPORAL_ADDRESS'] ?? this.address;
    const show = ['workflow', 'show', '-w', workflowId, '--address', address, '--output', 'json'];
    const path = join(ROOT, 'test/replay/histories', `${name}.json`);
    await writeFile(path, await this.tool('temporal', show), { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }

  /** Ends and removes everything. */
  async stop(): Promise<void> {
    await this.down();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** A configuration with a local repository `main` and a plan `tracker`; `sources` and `extra` are YAML of the plan. */
export function renderConfiguration(directory: string, options: { sources: string; extra?: string }): string {
  const indent = (text: string, by: number) => text.replace(/^(?=.)/gm, ' '.repeat(by));
  return `version: 1
host: test-host
staging_directory: ${directory}/staging
state_directory: ${directory}/state
restore_directory: ${directory}/restore
repositories:
  main:
    location: ${directory}/repository
    password: { env: RESTIC_SECRET }
plans:
  tracker:
    repository: main
    sources:
${indent(options.sources, 6)}
${indent(options.extra ?? '', 4)}
`;
}
