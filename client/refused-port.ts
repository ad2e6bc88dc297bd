import { connect } from 'node:net';

/** Longer than any network that a command waits for in comfort; what takes longer is left to gRPC. */
const PROBE_WITHIN_MS = 1_000;

/** grpc-js goes through these (its http_proxy.ts, 1.14), so that our own connection would say nothing of its. */
const PROXY_VARIABLES = ['grpc_proxy', 'https_proxy', 'http_proxy'];

/**
 * Whether the machine at `HOST:PORT` refuses connections at that port, which gRPC takes seconds to find out because it tries again.
 *
 * False whenever that is not certain: no answer yet, a name that is not known, an address of another form, a proxy.
 */
export async function isPortRefused(
  address: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<boolean> {
  const match = /^\[?([^/[\]]+?)\]?:(\d{1,5})$/.exec(address);
  const [, host, port] = match ?? [];
  if (host === undefined || Number(port) > 65_535) return false;
  if (PROXY_VARIABLES.some((name) => (environment[name] ?? '') !== '')) return false;
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: PROBE_WITHIN_MS });
    const finish = (isRefused: boolean) => {
      socket.destroy();
      resolve(isRefused);
    };
    socket.once('connect', () => finish(false));
    socket.once('timeout', () => finish(false));
    socket.once('error', (error: NodeJS.ErrnoException) => finish(error.code === 'ECONNREFUSED'));
  });
}
