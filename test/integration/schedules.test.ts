import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server.ts';

let server: TemporalServer;
beforeAll(async () => {
  server = await startTemporalServer();
}, 60_000);
afterAll(async () => server.stop());

test('x', () => {
  expect(server.address).toMatch(/127/);
});
