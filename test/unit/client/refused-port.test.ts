import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { isPortRefused } from '../../../client/refused-port.ts';
import { findFreePort } from '../../../worker/free-port.ts';

let server: Server;
let listening: number;
let refusing: number;

beforeAll(async () => {
  refusing = await findFreePort();
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  listening = typeof address === 'object' && address !== null ? address.port : 0;
});
afterAll(async () => new Promise((resolve) => server.close(resolve)));

test('a port at which nobody listens is refused, by number as by name', async () => {
  const answers = ['127.0.0.1', 'localhost'].map(async (host) => isPortRefused(`${host}:${refusing}`, {}));
  expect(await Promise.all(answers)).toEqual([true, true]);
});

test('a port at which somebody listens is not', async () => {
  expect(await isPortRefused(`127.0.0.1:${listening}`, {})).toBe(false);
});

test('what a connection of ours cannot tell is left to gRPC', async () => {
  const proxied = isPortRefused(`127.0.0.1:${refusing}`, { https_proxy: 'http://127.0.0.1:3128' });
  const others = ['dns:///temporal:7233', 'no-port', 'a.invalid:7233'].map(async (address) => isPortRefused(address, {}));
  expect(await Promise.all([proxied, ...others])).toEqual([false, false, false, false]);
});
