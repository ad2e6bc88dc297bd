import { hash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import {
  BLOCK_BYTES,
  type PageBlock,
  PREPARED,
  scanPages,
} from '../../../../../../activities/databases/sqlite/incremental/scan-pages.ts';
import { withDirectory } from '../../../../../support/phase-context.ts';

const BLOCKS = 9;
const PAGE = 8192;

/** A file of some blocks and a bit. */
async function withFile(body: (path: string, content: Buffer) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const path = join(directory, 'file');
    const content = randomBytes(BLOCKS * BLOCK_BYTES + 3 * PAGE + 100);
    await writeFile(path, content);
    await body(path, content);
  });
}

const signal = new AbortController().signal;

test('each page is hashed, and given in its order while few before it are not yet consumed', async () => {
  await withFile(async (path, content) => {
    const events: string[] = [];
    const digests: Buffer[] = [];
    let consumed = 0;
    const result = await scanPages(path, {
      pageSize: PAGE,
      bytes: content.length,
      signal,
      prepare: async ({ firstPage }) => {
        expect(consumed).toBeGreaterThan(((firstPage - 1) * PAGE) / BLOCK_BYTES - PREPARED);
        events.push(`prepare ${firstPage}`);
        return firstPage;
      },
      consume: async (block, prepared) => {
        expect(prepared).toBe(block.firstPage);
        const start = (block.firstPage - 1) * PAGE;
        await delay(5);
        expect(block.pages.equals(content.subarray(start, start + block.pages.length))).toBe(true);
        digests.push(Buffer.from(block.digests));
        consumed++;
        events.push(`consume ${block.firstPage}`);
      },
    });
    const pages = Array.from({ length: Math.ceil(content.length / PAGE) }, (_, index) =>
      content.subarray(index * PAGE, (index + 1) * PAGE),
    );
    expect(Buffer.concat(digests).equals(Buffer.concat(pages.map((page) => hash('sha256', page, 'buffer'))))).toBe(true);
    expect(result.bytes).toBe(content.length);
    const inOrder = Array.from({ length: BLOCKS + 1 }, (_, block) => (block * BLOCK_BYTES) / PAGE + 1);
    for (const stage of ['prepare', 'consume']) {
      expect(events.filter((event) => event.startsWith(stage))).toEqual(inOrder.map((firstPage) => `${stage} ${firstPage}`));
    }
  });
});

type Stage = (block: PageBlock) => Promise<void>;

/** Scans until a stage fails, and returns what failed and what still ran afterwards. */
async function scanFailing(path: string, { bytes, prepare, consume }: { bytes: number; prepare?: Stage; consume?: Stage }) {
  let running = 0;
  const counted = (stage: Stage | undefined, takesMs: number) => async (block: PageBlock) => {
    running++;
    try {
      await stage?.(block);
      await delay(takesMs);
    } finally {
      running--;
    }
  };
  // Longer than the threads take to end.
  const stages = { prepare: counted(prepare, 1), consume: counted(consume, 100) };
  const scan = scanPages(path, { pageSize: PAGE, bytes, signal, ...stages });
  const failure = await scan.then(
    () => undefined,
    (error: Error) => error.message,
  );
  return { failure, running };
}

const atBlock =
  (round: number): Stage =>
  async ({ firstPage }) => {
    if ((firstPage - 1) * PAGE === round * BLOCK_BYTES) throw new Error(`block ${round}`);
  };

test.each([0, 3, BLOCKS])('what fails at block %i fails the scan, and nothing runs any more then', async (round) => {
  await withFile(async (path, { length: bytes }) => {
    expect(await scanFailing(path, { bytes, prepare: atBlock(round) })).toEqual({ failure: `block ${round}`, running: 0 });
    expect(await scanFailing(path, { bytes, consume: atBlock(round) })).toEqual({ failure: `block ${round}`, running: 0 });
  });
});

test('a file that ends too early, and a signal, end the scan once what runs has ended', async () => {
  await withFile(async (path, { length: bytes }) => {
    const tooShort = await scanFailing(path, { bytes: bytes + PAGE });
    expect(tooShort).toEqual({ failure: expect.stringMatching(/^the file ended \d+ bytes too early/), running: 0 });
    const controller = new AbortController();
    let consumed = 0;
    const scan = scanPages(path, {
      pageSize: PAGE,
      bytes,
      signal: controller.signal,
      prepare: async () => undefined,
      consume: async () => {
        if (++consumed === 2) controller.abort(new Error('cancelled'));
        await delay(2);
      },
    });
    await expect(scan).rejects.toThrow('cancelled');
    expect(consumed).toBeLessThan(BLOCKS);
  });
});
