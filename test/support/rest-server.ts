import { createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/**
 * A repository server of the test's own, on 127.0.0.1 (restic's REST protocol, doc/100_references.rst, "REST Backend"), that can
 * fall silent, as one behind a cut network does, and go away.
 */
export class RestServer {
  readonly #directory: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isSilent = false;
  #port = 0;

  private constructor(directory: string) {
    this.#directory = directory;
    this.#server = createServer((request, response) => {
      if (this.#isSilent) return void request.resume();
      this.#answer(request, response).catch(() => response.writeHead(500).end());
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(directory: string): Promise<RestServer> {
    const server = new RestServer(directory);
    await server.comeBack();
    return server;
  }

  get location(): string {
    return `rest:http://127.0.0.1:${this.#port}/`;
  }

  /** Accepts connections and requests from now on, and never answers. */
  fallSilent(): void {
    this.#isSilent = true;
  }

  /** Refuses connections from now on. */
  async goAway(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Answers again, on the same port. What was asked in silence stays unanswered: those connections are cut. */
  async comeBack(): Promise<void> {
    this.#isSilent = false;
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening) return;
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const path = join(this.#directory, url.pathname);
    if (request.method === 'POST') {
      await mkdir(url.searchParams.has('create') ? path : dirname(path), { recursive: true });
      if (!url.searchParams.has('create')) {
        await pipeline(request, createWriteStream(`${path}.tmp`));
        await rename(`${path}.tmp`, path);
      }
      return void response.writeHead(200).end();
    }
    if (request.method === 'DELETE') {
      await rm(path, { force: true });
      return void response.writeHead(200).end();
    }
    if (url.pathname.endsWith('/')) return this.#list(path, response);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) return void response.writeHead(404).end();
    if (request.method === 'HEAD') return void response.writeHead(200, { 'content-length': found.size }).end();
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const content = await readFile(path);
    if (first === undefined) return void response.writeHead(200, { 'content-length': content.length }).end(content);
    const part = content.subarray(Number(first), Number(last) + 1);
    response.writeHead(206, { 'content-length': part.length }).end(part);
  }

  async #list(path: string, response: ServerResponse): Promise<void> {
    const names = await readdir(path).catch(() => []);
    const files = await Promise.all(names.map(async (name) => ({ name, size: (await stat(join(path, name))).size })));
    response.writeHead(200, { 'content-type': 'application/vnd.x.restic.rest.v2' }).end(JSON.stringify(files));
  }
}
