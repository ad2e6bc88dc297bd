import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** About what restic does by itself. */
const ZSTD = ['-3', '--quiet', '--stdout'];

/** How many bytes zstd makes of what is written to it; nothing of nothing. */
export class CompressedSize {
  #child = spawn('zstd', ZSTD, { stdio: ['pipe', 'pipe', 'inherit'] });
  #closed = once(this.#child, 'close');
  #written = 0;
  #bytes = 0;

  constructor() {
    this.#child.stdout.on('data', (chunk) => {
      this.#bytes += chunk.length;
    });
  }

  /** @param {Buffer | string} data which must stay as it is */
  async write(data) {
    this.#written += data.length;
    if (!this.#child.stdin.write(data)) await once(this.#child.stdin, 'drain');
  }

  /** @throws when zstd fails */
  async end() {
    this.#child.stdin.end();
    const [code] = await this.#closed;
    if (code !== 0) throw new Error(`zstd ended with ${code}`);
    return this.#written === 0 ? 0 : this.#bytes;
  }
}
