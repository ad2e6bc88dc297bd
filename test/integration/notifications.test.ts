import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Holdfast, renderConfiguration } from '../support/holdfast.ts';
import { createTrackerDatabase } from '../support/tracker-database.ts';

interface Request {
  path: string;
  type: string;
  body: string;
}

const TOKEN = 'tk-never-to-be-seen';
const requests: Request[] = [];
let server: Server;
let holdfast: Holdfast;

beforeAll(async () => {
  // The first request to /flaky is turned away, as a receiver that restarts would.
  const turnedAway = new Set<string>();
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = request.url ?? '';
    if (path.startsWith('/flaky') && !turnedAway.has(path)) {
      turnedAway.add(path);
      response.writeHead(503).end();
      return;
    }
    requests.push({ path, type: request.headers['content-type'] ?? '', body: Buffer.concat(chunks).toString('utf8') });
    response.writeHead(path.startsWith('/gone') ? 410 : 204).end();
  };
  server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = (path: string) => `http://127.0.0.1:${port}/${path}?token=${TOKEN}`;
  holdfast = await Holdfast.create(
    (directory) => `${renderConfiguration(directory, { sources: `sqlite:\n  tracker: { path: ${directory}/data/tracker.db }` })}
notifications:
  - { on: [succeeded], url: { env: FLAKY_URL }, format: text }
  - { on: [succeeded, failed], command: [tee, ${directory}/told.json] }
  - { on: [failed], url: { env: GONE_URL } }
`,
    { environment: { FLAKY_URL: url('flaky'), GONE_URL: url('gone') } },
  );
  await createTrackerDatabase(join(holdfast.directory, 'data/tracker.db'), { journalMode: 'wal', bytes: 500_000 });
  await holdfast.restic('init');
  await holdfast.up();
}, 120_000);

afterAll(async () => {
  await holdfast.stop();
  server.closeAllConnections();
  server.close();
});

test('a success is told as text, again after the receiver was away, and to a program as JSON', async () => {
  const { run } = await holdfast.backup('tracker');
  expect(run).toMatchObject({ outcome: 'succeeded', warnings: [] });
  await holdfast.recordHistory(run.workflow_id, 'backup-notified');
  expect(requests.splice(0)).toEqual([
    {
      path: `/flaky?token=${TOKEN}`,
      type: 'text/plain; charset=utf-8',
      body: `Backup of tracker on test-host: succeeded.\nSnapshot ${run.snapshot_id?.slice(0, 8)}.`,
    },
  ]);
  const told = JSON.parse(await readFile(join(holdfast.directory, 'told.json'), 'utf8')) as unknown;
  expect(told).toMatchObject({ plan: 'tracker', outcome: 'succeeded', snapshot_id: run.snapshot_id });
}, 60_000);

test('a receiver that will never answer is a warning of the run, without its token, and keeps nobody else from hearing', async () => {
  await writeFile(join(holdfast.directory, 'data/tracker.db'), 'no database at all, and longer than a header would be');
  await sleep(10);
  const { exitCode, run } = await holdfast.backup('tracker');
  expect(exitCode).toBe(1);
  expect(run.failure?.type).toBe('SourceMissing');
  expect(run.warnings.join()).toContain('notifications[2]');
  expect(run.warnings.join()).toContain('answered 410');
  expect(JSON.stringify(run)).not.toContain(TOKEN);
  expect(JSON.parse(requests[0]?.body ?? '')).toMatchObject({ outcome: 'failed', failure: { type: 'SourceMissing' } });
  expect(await readFile(join(holdfast.directory, 'told.json'), 'utf8')).toContain('SourceMissing');
}, 60_000);
