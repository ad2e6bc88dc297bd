import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MysqlSource } from '../../config/types.ts';
import type { Programs, RunningProgram } from '../../process/programs.ts';
import { findFreePort } from '../../worker/free-port.ts';

/** How a vendor's server is made and started. */
export interface ServerRecipe {
  title: string;
  programs: Programs;
  serverProgram: string;
  queryProgram: string;
  /** Fills `<directory>/data` with an empty installation whose root has no password. */
  initialise(directory: string): Promise<void>;
  /** Arguments besides directory, port and address. */
  args: readonly string[];
}

const READY_WITHIN_MS = 60_000;

/** A throwaway server on 127.0.0.1 and a socket, in a directory of its own. Its log-in is root without a password. */
export class DatabaseServer {
  readonly recipe: ServerRecipe;
  readonly directory: string;
  readonly port: number;
  #server: RunningProgram | undefined;
  #log = '';

  private constructor(recipe: ServerRecipe, directory: string, port: number) {
    this.recipe = recipe;
    this.directory = directory;
    this.port = port;
  }

  /** @throws {ProgramMissing}, or an Error with the end of the server's log. */
  static async start(recipe: ServerRecipe): Promise<DatabaseServer> {
    const directory = await mkdtemp(join(tmpdir(), 'holdfast-db-'));
    const server = new DatabaseServer(recipe, directory, await findFreePort());
    try {
      await recipe.initialise(directory);
      await server.restart();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  get socket(): string {
    return join(this.directory, 's');
  }

  /** Starts the server, on the same port and data as before. */
  async restart(): Promise<void> {
    const { programs, serverProgram, args } = this.recipe;
    await this.#server?.stop();
    this.#server = await programs.start({
      program: serverProgram,
      args: [
        '--no-defaults',
        `--datadir=${join(this.directory, 'data')}`,
        `--socket=${this.socket}`,
        `--pid-file=${join(this.directory, 'pid')}`,
        `--port=${this.port}`,
        '--bind-address=127.0.0.1',
        ...(process.getuid?.() === 0 ? ['--user=root'] : []),
        `--log-error=${join(this.directory, 'error.log')}`,
        ...args,
      ],
      killAfterMs: 20_000,
    });
    await this.#untilReady();
  }

  /** Runs SQL as root and returns what it prints, tab-separated. @throws an Error with what the client said. */
  async sql(text: string, database = ''): Promise<string> {
    const result = await this.load(text, database);
    if (result.exitCode !== 0) throw new Error(`${this.recipe.title}: ${result.stderr}`);
    return result.stdout.trimEnd();
  }

  /** As `sql`, but an error is a result. */
  async load(text: string | Uint8Array, database = ''): Promise<{ exitCode: number; stdout: string; stderr: string }> {
    return this.recipe.programs.run({
      program: this.recipe.queryProgram,
      args: [
        '--no-defaults',
        `--socket=${this.socket}`,
        '--user=root',
        '--batch',
        '--skip-column-names',
        `--database=${database}`,
      ],
      input: text,
    });
  }

  /** As `sql`, but this whole process stands still meanwhile: nobody reads from its children. */
  sqlNow(text: string, database: string): void {
    const args = ['--no-defaults', `--socket=${this.socket}`, '--user=root', `--database=${database}`, `--execute=${text}`];
    execFileSync(this.recipe.queryProgram, args);
  }

  /** Ends the server at once, as a crash would. */
  kill(): void {
    process.kill(Number(readFileSync(join(this.directory, 'pid'), 'utf8')), 'SIGKILL');
  }

  /** Ends the server and removes its directory. */
  async stop(): Promise<void> {
    const pid = Number(await readFile(join(this.directory, 'pid'), 'utf8').catch(() => ''));
    // The server wrote this number itself, and removes it when it ends in order.
    if (this.#server !== undefined && pid > 0) process.kill(pid, 'SIGTERM');
    await this.#server?.stop();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** A source of a plan on this server, by TCP. */
  source(overrides: Partial<MysqlSource> = {}): MysqlSource {
    return {
      kind: 'mysql',
      name: 'tracker',
      address: { kind: 'tcp', host: '127.0.0.1', port: this.port },
      user: 'backup',
      password: { kind: 'env', name: 'DB_PASSWORD' },
      database: 'tracker',
      tls: 'preferred',
      tlsCa: undefined,
      structureOnly: [],
      maxShrinkRatio: 0.5,
      ...overrides,
    };
  }

  async #untilReady(): Promise<void> {
    const deadline = performance.now() + READY_WITHIN_MS;
    while (performance.now() < deadline) {
      const { exitCode, stderr } = await this.load('SELECT 1;');
      if (exitCode === 0) return;
      this.#log = await readFile(join(this.directory, 'error.log'), 'utf8').catch(() => stderr);
      await sleep(100);
    }
    throw new Error(`${this.recipe.title} does not answer:\n${this.#log.slice(-2_000)}`);
  }
}
