import { createWriteStream } from 'node:fs';
import { expect, test } from '@jest/globals';
import { createSink } from '../../../client/sink.ts';

test('a full disk behind a stream is told, and nothing is thrown', async () => {
  const error = await new Promise<NodeJS.ErrnoException>((resolve) => {
    createSink(createWriteStream('/dev/full'), resolve).write('a result\n');
  });
  expect(error.code).toBe('ENOSPC');
});

test('a stream that is no terminal is 80 characters wide', () => {
  const stream = createWriteStream('/dev/null');
  const { isTerminal, columns } = createSink(stream, () => undefined);
  stream.destroy();
  expect([isTerminal, columns()]).toEqual([false, 80]);
});
