import { randomBytes } from 'node:crypto';
import { constants, open, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { alignedBuffer } from '../../../../../../activities/aligned-memory.ts';
import { AdaptiveFile } from '../../../../../../activities/databases/sqlite/incremental/adaptive-file.ts';
import { withDirectory } from '../../../../../support/phase-context.ts';

const PIECE = 64 * 1024;
const content = randomBytes(5 * PIECE + 3 * 4096 + 100);
/** Nothing is so fast: whatever is read is taken for a disk's. */
const NEVER_IN_MEMORY = { ms: 1e-9, msPerByte: 0 };

async function withFile(body: (path: string) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const path = join(directory, 'file');
    await writeFile(path, content);
    await body(path);
  });
}

/** 'direct' where the file system has that way. */
async function otherWay(path: string): Promise<string> {
  const { O_DIRECT, O_RDONLY } = constants;
  const file = await open(path, O_RDONLY | O_DIRECT).catch(() => undefined);
  await file?.close();
  return file === undefined ? 'cached' : 'direct';
}

async function readAll(file: AdaptiveFile, memory: Buffer): Promise<Buffer> {
  const all: Buffer[] = [];
  for (let position = 0; position <= content.length; position += PIECE) {
    const [bytes = 0] = await file.read([{ memory, position }]);
    all.push(Buffer.from(memory.subarray(0, bytes)));
  }
  return Buffer.concat(all);
}

test('a file is read to its end, through the page cache and past it', async () => {
  await withFile(async (path) => {
    const file = await AdaptiveFile.open(path, { fromMemory: NEVER_IN_MEMORY });
    const memory = alignedBuffer(PIECE);
    for (let round = 0; round < 4; round++) expect((await readAll(file, memory)).equals(content)).toBe(true);
    await file.close();
  });
});

test('the second read of what is no faster than a disk goes past the page cache', async () => {
  await withFile(async (path) => {
    const file = await AdaptiveFile.open(path, { fromMemory: NEVER_IN_MEMORY });
    const memory = alignedBuffer(PIECE);
    await file.read([{ memory, position: 0 }]);
    expect(file.latestWay).toBe('cached');
    const [bytes] = await file.read([{ memory, position: PIECE }]);
    expect(file.latestWay).toBe(await otherWay(path));
    expect(bytes).toBe(PIECE);
    expect(memory.equals(content.subarray(PIECE, 2 * PIECE))).toBe(true);
    await file.close();
  });
});

test('what lies in memory is read through the page cache alone', async () => {
  await withFile(async (path) => {
    const file = await AdaptiveFile.open(path, { fromMemory: { ms: 60_000, msPerByte: 0 } });
    const memory = alignedBuffer(PIECE);
    for (let position = 0; position < content.length; position += PIECE) {
      await file.read([{ memory, position }]);
      expect(file.latestWay).toBe('cached');
    }
    await file.close();
  });
});

test('pieces that are not aligned are read all the same', async () => {
  await withFile(async (path) => {
    const file = await AdaptiveFile.open(path, { fromMemory: NEVER_IN_MEMORY });
    const memory = alignedBuffer(PIECE).subarray(1, 1001);
    for (const position of [0, 7, 1001, content.length - 500, content.length + 5]) {
      const [bytes = 0] = await file.read([{ memory, position }]);
      expect(memory.subarray(0, bytes).equals(content.subarray(position, position + 1000))).toBe(true);
    }
    await file.close();
  });
});

test('pieces are read side by side, also of a file that is written to, and that another took the place of', async () => {
  await withFile(async (path) => {
    const handle = await open(path, 'r+');
    const file = await AdaptiveFile.over(handle, { fromMemory: NEVER_IN_MEMORY });
    await rename(path, `${path}.old`);
    await writeFile(path, 'another');
    const memories = [0, 1, 2].map(() => alignedBuffer(4096));
    const read = () => file.read(memories.map((memory, index) => ({ memory, position: index * 4096 })));
    await read();
    await handle.write(Buffer.alloc(4096, 'new'), 0, 4096, 4096);
    expect(await read()).toEqual([4096, 4096, 4096]);
    expect(file.latestWay).toBe(await otherWay(path));
    const expected = Buffer.concat([content.subarray(0, 4096), Buffer.alloc(4096, 'new'), content.subarray(8192, 12_288)]);
    expect(Buffer.concat(memories).equals(expected)).toBe(true);
    await file.close();
  });
});

test('a file that is closed fails, and nothing is read any more', async () => {
  await withFile(async (path) => {
    const file = await AdaptiveFile.open(path);
    expect(await file.read([])).toEqual([]);
    await file.close();
    await expect(file.read([{ memory: alignedBuffer(4096), position: 0 }])).rejects.toThrow();
  });
});
