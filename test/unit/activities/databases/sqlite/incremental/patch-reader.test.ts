import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { PatchApplier } from '../../../../../../activities/databases/sqlite/incremental/patch-applier.ts';
import { CHANGED, REBUILT, WHOLE } from '../../../../../../activities/databases/sqlite/incremental/patch-format.ts';
import { PatchList, PatchListReader } from '../../../../../../activities/databases/sqlite/incremental/patch-list.ts';
import { PatchReader } from '../../../../../../activities/databases/sqlite/incremental/patch-reader.ts';
import { PatchWriter } from '../../../../../../activities/databases/sqlite/incremental/patch-writer.ts';
import { programs, withDirectory } from '../../../../../support/phase-context.ts';

test.each([512, 4096, 65_536])(
  'records of all sizes, cut anywhere by the pieces they come in, give pages of %i bytes',
  async (pageSize) => {
    await withDirectory(async (directory) => {
      const path = join(directory, '0001.patch.zst');
      const { signal } = new AbortController();
      const pages = Math.floor(6_000_000 / pageSize);
      const writer = new PatchWriter({ programs, path, pageSize, pages, signal });
      writer.begin(Uint32Array.of(3, 7, 100_000));
      const expected = Buffer.alloc(pages * pageSize);
      for (let number = 1; number <= pages; number++) {
        const page = randomBytes(pageSize);
        const where = page.readUInt16LE(0) % (pageSize / 2);
        const length = 1 + (page.readUInt16LE(2) % Math.min(0x7fff, pageSize / 2));
        const start = (number - 1) * pageSize;
        const operations = put(where, page.subarray(0, length));
        // Without sources, copies and pointers, what rebuilds a page puts bytes as other patches do.
        const rebuilt = Buffer.concat([Buffer.alloc(5), operations]);
        const bytes = number % 3 === 0 ? page : number % 3 === 1 ? operations : rebuilt;
        const kind = number % 3 === 0 ? WHOLE : number % 3 === 1 ? CHANGED : REBUILT;
        writer.take({ pageNumber: number, kind, memory: bytes, from: 0, end: bytes.length });
        if (number % 3 === 0) page.copy(expected, start);
        else page.copy(expected, start + where, 0, length);
      }
      await writer.finish();
      const made = new Uint8Array(expected.length);
      const list = PatchList.create();
      const reader = new PatchReader(programs, { path, pageSize, basePages: 1000 }, signal);
      try {
        for (let number = 1; number <= pages; number++) {
          if (!reader.isReady) await reader.ready();
          expect(reader.pageNumber).toBe(number);
          reader.pass(list);
        }
        if (!reader.isReady) await reader.ready();
        expect(reader.pageNumber).toBe(Number.POSITIVE_INFINITY);
      } finally {
        await reader.close();
      }
      const applier = new PatchApplier(pageSize, () => undefined);
      for (const patch = new PatchListReader(list.takeAll()); patch.next(); ) {
        applier.apply({ memory: made, start: (patch.pageNumber - 1) * pageSize }, patch);
      }
      expect(expected.equals(made)).toBe(true);
    });
  },
);

function put(where: number, bytes: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(where, 0);
  head.writeUInt16LE(bytes.length, 2);
  return Buffer.concat([head, bytes]);
}
