import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { PageDigests, PagesHash } from '../../../../../../activities/databases/sqlite/incremental/page-digests.ts';
import { PageTableReader, PageTableWriter } from '../../../../../../activities/databases/sqlite/incremental/page-table.ts';
import { withDirectory } from '../../../../../support/phase-context.ts';

const PAGE = 512;

function digestsOf(content: Buffer): Buffer {
  const pages = Array.from({ length: Math.ceil(content.length / PAGE) }, (_, page) =>
    createHash('sha256')
      .update(content.subarray(page * PAGE, (page + 1) * PAGE))
      .digest(),
  );
  return Buffer.concat(pages);
}

function hashIn(content: Buffer, pieces: readonly number[]): string {
  const hash = new PagesHash(PAGE);
  let from = 0;
  for (const piece of pieces) {
    hash.update(content.subarray(from, from + piece));
    from += piece;
  }
  hash.update(content.subarray(from));
  return hash.digest();
}

test('pages of a memory are hashed one by one, up to where it is asked, as they are then', () => {
  const memory = randomBytes(4 * PAGE);
  const digests = new PageDigests(memory, PAGE);
  expect(digests.of(memory.length)).toEqual(digestsOf(memory));
  memory.fill(7);
  expect(digests.of(2 * PAGE + 100)).toEqual(digestsOf(memory.subarray(0, 2 * PAGE + 100)));
  expect(digests.of(0)).toHaveLength(0);
});

test.each([[0], [1], [PAGE], [3 * PAGE], [3 * PAGE + 1], [3 * PAGE - 1]])(
  'a database of %i bytes has one digest, in whatever pieces it comes, and its table has the same',
  async (bytes) => {
    const content = randomBytes(bytes);
    const expected = createHash('sha256').update(digestsOf(content)).digest('hex');
    for (const pieces of [[], [1], [PAGE - 1, 2, PAGE], [PAGE, PAGE], Array.from(content, () => 1)])
      expect(hashIn(content, pieces)).toBe(expected);
    await withDirectory(async (directory) => {
      const path = join(directory, 'table');
      const table = await PageTableWriter.create(path);
      await table.append(digestsOf(content));
      expect(table.finish()).toBe(expected);
      await table.close();
      const reader = await PageTableReader.open(path);
      expect(await reader.finish()).toBe(expected);
      await reader.close();
    });
  },
);

test('a page that is in another place is another database', () => {
  const [first, second] = [randomBytes(PAGE), randomBytes(PAGE)];
  expect(hashIn(Buffer.concat([first, second]), [])).not.toBe(hashIn(Buffer.concat([second, first]), []));
});
