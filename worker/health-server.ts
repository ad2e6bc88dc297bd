import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StartError } from './start-error.ts';

/** What `/healthz` says. */
export interface Health {
  isHealthy: boolean;
  /** State of the worker as the SDK names it: RUNNING, DRAINING, … */
  state: string;
}

export interface HealthServer {
  port: number;
  stop(): Promise<void>;
}

/**
 * Serves `/healthz` (200 or 503, JSON) and `/metrics` on one port.
 *
 * The SDK's own exporter has no health route, so it listens on a loopback port of its own, `metricsPort`, and is passed through.
 *
 * @throws {StartError} that names address and port when it cannot listen there
 */
export async function startHealthServer(options: {
  host: string;
  port: number;
  metricsPort: number;
  health: () => Health;
}): Promise<HealthServer> {
  const server = createServer((request, response) => {
    answer(request, response, options).catch(() => {
      if (!response.headersSent) response.writeHead(502);
      response.end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new StartError(
          `cannot serve metrics and health on ${options.host}:${options.port}: ${error.message}. Choose another port with --metrics-port.`,
        ),
      );
    });
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: { metricsPort: number; health: () => Health },
): Promise<void> {
  switch (request.url?.split('?', 1)[0]) {
    case '/healthz': {
      const health = options.health();
      response.writeHead(health.isHealthy ? 200 : 503, { 'content-type': 'application/json' });
      response.end(`${JSON.stringify({ status: health.isHealthy ? 'ok' : 'unavailable', worker: health.state })}\n`);
      return;
    }
    case '/metrics': {
      const metrics = await fetch(`http://127.0.0.1:${options.metricsPort}/metrics`);
      response.writeHead(metrics.status, { 'content-type': metrics.headers.get('content-type') ?? 'text/plain' });
      response.end(await metrics.text());
      return;
    }
    default:
      response.writeHead(404, { 'content-type': 'text/plain' });
      response.end('There are /healthz and /metrics.\n');
  }
}
