import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';

/** The programs of the demo: run to their end, or kept until the demo ends. None outlives it. */
export class Children {
  #environment;
  #running = [];
  #directories = [];

  constructor(environment) {
    this.#environment = environment;
    for (const signal of ['SIGINT', 'SIGTERM']) {
      process.once(signal, () => void this.stopAll().then(() => process.exit(130)));
    }
  }

  /** Runs a program and returns its standard output. Its error output goes to the terminal. Throws for any exit code but 0. */
  async run(program, args, input = '') {
    const child = spawn(program, args, { env: this.#environment, stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.end(input);
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    const [code, signal] = await once(child, 'close');
    const output = Buffer.concat(chunks).toString('utf8');
    if (code !== 0)
      throw new Error(`${program} ${args.slice(0, 3).join(' ')} ended with ${signal ?? `exit code ${code}`}\n${output}`);
    return output;
  }

  /** Starts a program that runs until the demo ends. */
  start(program, args) {
    const child = spawn(program, args, { env: this.#environment, stdio: ['pipe', 'ignore', 'pipe'] });
    let output = '';
    child.stdin.on('error', () => {});
    child.stderr.on('data', (chunk) => {
      output = (output + chunk).slice(-20_000);
    });
    this.#running.push(child);
    return {
      write: (text) => child.stdin.write(text),
      isRunning: () => child.exitCode === null && child.signalCode === null,
      /** Waits until the program has printed a word to its error output. */
      printed: async (word, limitMs) => {
        const deadline = Date.now() + limitMs;
        while (!new RegExp(`\\b${word}\\b`).test(output)) {
          if (child.exitCode !== null || Date.now() > deadline)
            throw new Error(`${program} ${args.slice(0, 2).join(' ')} did not get ready:\n${output}`);
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      },
    };
  }

  /** Has a directory removed when the demo ends. */
  removeAtEnd(directory) {
    this.#directories.push(directory);
  }

  /** Ends everything that still runs, the last started first, and waits for it. */
  async stopAll() {
    for (const child of this.#running.splice(0).toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
      await closed;
      clearTimeout(timer);
    }
    for (const directory of this.#directories.splice(0)) await rm(directory, { recursive: true, force: true });
  }
}
