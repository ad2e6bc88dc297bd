import { createServer } from 'node:net';
import { expect, test } from '@jest/globals';
import { examine } from '../../../../../activities/databases/mysql/examine.ts';
import type { MysqlSource } from '../../../../../config/types.ts';
import { createTestContext, programs } from '../../../../support/phase-context.ts';

function source(changes: Partial<MysqlSource>): MysqlSource {
  return {
    kind: 'mysql',
    name: 'tracker',
    address: { kind: 'tcp', host: '127.0.0.1', port: 1 },
    user: 'backup',
    password: undefined,
    database: 'tracker',
    tls: 'preferred',
    tlsCa: undefined,
    structureOnly: [],
    maxShrinkRatio: 0.5,
    ...changes,
  };
}

test('a password file that cannot be read is to be made readable', async () => {
  const unreadable = source({ password: { kind: 'file', path: '/nonexistent/password' } });
  const [finding] = await examine(programs, unreadable, createTestContext());
  expect(finding).toMatchObject({ level: 'problem', message: expect.stringContaining('/nonexistent/password') });
  expect(finding?.advice).toContain('right to read that file');
});

test('a server that hangs up is to be started or made reachable: doctor tries nothing again', async () => {
  const server = createServer((socket) => void socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const closed = source({ address: { kind: 'tcp', host: '127.0.0.1', port } });
    const [finding] = await examine(programs, closed, createTestContext());
    expect(finding).toMatchObject({ level: 'problem', advice: expect.stringMatching(/^Start the server, or check host, port/) });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});
