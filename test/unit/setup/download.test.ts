import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { load } from './modules.ts';

const { download } = await load('download');
const CONTENT = 'the released archive';
const SHA256 = createHash('sha256').update(CONTENT).digest('hex');

let server: Server;
let base: string;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-download-'));
  server = createServer((request, response) => {
    if (request.url === '/gone') response.writeHead(404).end();
    else if (request.url === '/moved') response.writeHead(302, { location: '/tool.tar.gz' }).end();
    else response.end(CONTENT);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.close();
  rmSync(directory, { recursive: true, force: true });
});

test('A file with the pinned hash is kept, also behind a redirect', async () => {
  const file = join(directory, 'good');
  await download(`${base}/moved`, file, SHA256);
  expect(readFileSync(file, 'utf8')).toBe(CONTENT);
});

test('A file with another hash is refused, and both hashes are named', async () => {
  const pinned = '0'.repeat(64);
  const attempt = download(`${base}/tool.tar.gz`, join(directory, 'bad'), pinned);
  await expect(attempt).rejects.toThrow(`tool.tar.gz has the wrong SHA-256 and was not used: expected ${pinned}, got ${SHA256}`);
});

test('A file that is not there is reported with the server’s answer', async () => {
  await expect(download(`${base}/gone`, join(directory, 'gone'), SHA256)).rejects.toThrow('/gone answered 404');
});

test('A host that cannot be reached is reported at once', async () => {
  await expect(download('http://127.0.0.1:1/x', join(directory, 'x'), SHA256)).rejects.toThrow('127.0.0.1:1 cannot be reached');
});
