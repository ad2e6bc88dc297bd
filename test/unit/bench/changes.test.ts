import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { load } from './modules.ts';

const { comparePages } = await load('workload/pages');
const { CompressedSize } = await load('workload/compressed-size');

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-test-bench-'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

const page = (sign: string) => Buffer.alloc(4096, sign);

async function compare(pages: Buffer[], before?: Buffer) {
  const path = join(directory, 'file');
  await writeFile(path, Buffer.concat(pages));
  const seen: string[] = [];
  const { digests, changed } = await comparePages(path, before, async (one) => {
    seen.push(`${one.toString('latin1', 0, 1)}${one.length}`);
  });
  return { digests, changed, seen };
}

test('Pages count as changed when they are other or new, not when the file got shorter', async () => {
  const first = await compare([page('a'), page('b')]);
  expect(first.changed).toBe(2);
  expect(await compare([page('a'), page('x'), page('y'), Buffer.from('z')], first.digests)).toMatchObject({
    changed: 3,
    seen: ['x4096', 'y4096', 'z1'],
  });
  expect((await compare([page('a')], first.digests)).changed).toBe(0);
});

test('Pages are found anywhere in a file of many chunks', async () => {
  const pages = Array.from({ length: 3000 }, (_, index) => page(String(index % 10)));
  const { digests } = await compare(pages);
  expect(await compare(pages.with(2500, page('x')), digests)).toMatchObject({ changed: 1, seen: ['x4096'] });
});

test('Nothing compresses to nothing, and much to little', async () => {
  const none = new CompressedSize();
  expect(await none.end()).toBe(0);
  const much = new CompressedSize();
  for (let count = 0; count < 1000; count += 1) await much.write(page('a'));
  const bytes = await much.end();
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(4096);
});
