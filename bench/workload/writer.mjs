import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SCRIPT = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'test/support/sqlite-writer.py');

/** Another process that commits all the time, and knows how long its slowest commit took. */
export class Writer {
  /** @param {string} database @param {number} commitsPerSecond */
  constructor(database, commitsPerSecond) {
    this.child = spawn('python3', [SCRIPT, database, String(commitsPerSecond)], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.answers = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** Milliseconds of the slowest commit since the last time that it was asked. */
  async slowestSince() {
    this.child.stdin.write('\n');
    const { value } = await this.answers.next();
    if (value === undefined) throw new Error('the writer has ended: see its message above');
    return JSON.parse(value).slowest_since_ms;
  }

  isRunning() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async stop() {
    const closed = once(this.child, 'close');
    this.child.stdin.end();
    this.child.stdout.resume();
    await closed;
  }
}
