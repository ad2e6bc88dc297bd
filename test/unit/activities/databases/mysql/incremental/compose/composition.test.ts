// What is composed must be what zstd gives: the text that each patch was made of.
import { createHash } from 'node:crypto';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { Segments } from '../../../../../../../activities/databases/mysql/incremental/compose/segments.ts';
import { UnreadablePatch } from '../../../../../../../activities/databases/zstd-frame/unreadable-patch.ts';
import { createRandom, edit, PatchPlace, patchedTexts, randomBytes, rows } from '../../../../../../support/patches.ts';
import { createTestContext, programs, withDirectory } from '../../../../../../support/phase-context.ts';

const KIB = 1024;
const LEVELS = ['-1', '-3', '-19', '--fast=5'];

test.each(LEVELS)(
  'a patch of zstd %s gives the text, whatever has changed',
  async (level) => {
    await withDirectory(async (directory) => {
      for (const [title, [before, after]] of Object.entries(patchedTexts(1))) {
        const place = new PatchPlace(`${directory}/${title}`);
        await place.begin(before);
        await place.add(after, level);
        expect({ title, isSame: (await place.compose()).equals(after) }).toEqual({ title, isSame: true });
      }
    });
  },
  120_000,
);

test.each(LEVELS)(
  'thirty days of zstd %s give the last text',
  async (level) => {
    await withDirectory(async (directory) => {
      const random = createRandom(level.length * 31 + Number(level.replace(/\D/g, '')));
      const place = new PatchPlace(directory);
      let text = rows(random, 6_000);
      await place.begin(text);
      for (let day = 0; day < 30; day += 1) {
        text = edit(text, random, 1 + Math.floor(random() * 40));
        await place.add(text, level);
      }
      const composed = await place.compose();
      expect(composed.equals(text)).toBe(true);
    });
  },
  120_000,
);

test('a chain that would need too much on the way is written down and gone on with', async () => {
  await withDirectory(async (directory) => {
    const random = createRandom(5);
    const place = new PatchPlace(directory);
    let text = rows(random, 3_000);
    await place.begin(text);
    for (let day = 0; day < 8; day += 1) {
      text = edit(Buffer.concat([text.subarray(text.length / 3), randomBytes(random, text.length / 3)]), random, 10);
      await place.add(text, '-1');
    }
    expect((await place.compose({ spareBytes: 50_000 })).equals(text)).toBe(true);
    // What one patch brings is too much by itself.
    const huge = randomBytes(random, 400_000);
    await place.add(huge, '-1');
    await place.add(text, '-1');
    await expect(place.compose({ spareBytes: 50_000 })).rejects.toThrow(UnreadablePatch);
    expect((await place.compose()).equals(text)).toBe(true);
  });
});

test('a text is not carried on in ever more pieces', () => {
  const text = new Segments();
  const append = (count: number) => {
    for (let index = 0; index < count; index += 1) text.append(index * 2, 1);
  };
  append(2 ** 21);
  expect(text.areMany).toBe(false);
  append(1);
  expect(text.areMany).toBe(true);
  expect(() => append(2 ** 21)).toThrow(UnreadablePatch);
});

test('more than the dump is said to have is not written', async () => {
  await withDirectory(async (directory) => {
    const text = rows(createRandom(2), 500);
    const place = new PatchPlace(directory);
    await place.begin(text);
    await place.add(Buffer.concat([text, text]), '-1');
    await expect(place.compose({ bytes: text.length * 2 - 1 })).rejects.toThrow('patches that give more than the dump');
    await expect(place.compose({ bytes: 10, spareBytes: 0 })).rejects.toThrow(
      '0001.sql.zst has a text that is longer than expected',
    );
  });
});

/** What zstd makes of a patch; undefined where it refuses it. */
async function byZstd(place: PatchPlace, patch: string): Promise<string | undefined> {
  const args = ['-q', '-d', '-f', '--long=31', `--patch-from=${place.path('base.sql')}`, patch, '-o', place.path('given')];
  const { exitCode } = await programs.run({ program: 'zstd', args });
  return exitCode === 0 ? sha256(await readFile(place.path('given'))) : undefined;
}

function sha256(text: Buffer): string {
  return createHash('sha256').update(text).digest('hex');
}

async function composed(place: PatchPlace): Promise<string | undefined> {
  try {
    return sha256(await place.compose());
  } catch (error) {
    if (error instanceof UnreadablePatch) return undefined;
    throw error;
  }
}

test.each(['-1', '-19'])(
  'of a damaged patch of zstd %s, without a checksum, nothing comes that zstd would not give',
  async (level) => {
    await withDirectory(async (directory) => {
      const random = createRandom(9);
      const before = rows(random, 400);
      const place = new PatchPlace(directory);
      await place.begin(before);
      const patch = await place.add(edit(before, random, 25), level, '--no-check');
      const sound = await readFile(patch);
      let refused = 0;
      for (let round = 0; round < 120; round += 1) {
        const damaged = Buffer.from(sound);
        const at = round < 40 ? round % sound.length : Math.floor(random() * sound.length);
        damaged[at] = (damaged[at] as number) ^ (1 << Math.floor(random() * 8));
        await writeFile(patch, damaged);
        const given = await composed(place);
        if (given === undefined) refused += 1;
        else expect([at, given]).toEqual([at, await byZstd(place, patch)]);
      }
      expect(refused).toBeGreaterThan(10);
      expect(refused).toBeLessThan(120);
    });
  },
  120_000,
);

test('a patch that is cut off anywhere is refused', async () => {
  await withDirectory(async (directory) => {
    const random = createRandom(10);
    const before = rows(random, 200);
    const place = new PatchPlace(directory);
    await place.begin(before);
    const patch = await place.add(edit(before, random, 8), '-3');
    const { length } = await readFile(patch);
    for (let left = length - 1; left >= 0; left -= 1 + Math.floor(left / 20)) {
      await truncate(patch, left);
      await expect(place.compose()).rejects.toThrow(UnreadablePatch);
    }
  });
}, 120_000);

test('what zstd would apply, and no patch of ours has, is refused', async () => {
  await withDirectory(async (directory) => {
    const before = rows(createRandom(3), 100);
    const place = new PatchPlace(directory);
    await place.begin(before);
    const patch = await place.add(Buffer.concat([before, before]), '-1');
    const sound = await readFile(patch);
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);
    for (const strange of [Buffer.concat([sound, skippable]), Buffer.concat([skippable, sound]), Buffer.concat([sound, sound])]) {
      await writeFile(patch, strange);
      expect(await byZstd(place, patch)).toBeDefined();
      await expect(place.compose()).rejects.toThrow(UnreadablePatch);
    }
  });
});

/** A frame of blocks that repeat one byte, four bytes for 128 KiB each. */
function bomb(blocks: number, contentBytes: number): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32LE(0xfd2fb528, 0);
  head[4] = 0b1110_0000;
  head.writeBigUInt64LE(BigInt(contentBytes), 5);
  const block = Buffer.from([0x02, 0x00, 0x10, 65]);
  const last = Buffer.from([0x03, 0x00, 0x10, 65]);
  return Buffer.concat([head, ...Array.from({ length: blocks - 1 }, () => block), last]);
}

test('a small patch that claims a huge text, or gives more than it claims, is refused before it fills a disk', async () => {
  await withDirectory(async (directory) => {
    const place = new PatchPlace(directory);
    await place.begin(Buffer.from('base'));
    const patch = await place.add(Buffer.from('text'), '-1');
    const attempt = async (content: Buffer, bytes: number) => {
      await writeFile(patch, content);
      return place.compose({ bytes, spareBytes: 1_000_000 });
    };
    expect((await attempt(bomb(3, 3 * 128 * KIB), 3 * 128 * KIB)).length).toBe(3 * 128 * KIB);
    await expect(attempt(bomb(100_000, 100_000 * 128 * KIB), 1_000)).rejects.toThrow('a text that is longer than expected');
    await expect(attempt(bomb(100_000, 900_000), 1_000)).rejects.toThrow(/more text than a frame says/);
    await expect(attempt(bomb(2, 900_000), 1_000)).rejects.toThrow(/less text than a frame says/);
  });
});

test('a patch that leaves nothing, which zstd does not make, gives nothing', async () => {
  await withDirectory(async (directory) => {
    const place = new PatchPlace(directory);
    await place.begin(Buffer.from('base'));
    const patch = await place.add(Buffer.from('text'), '-1');
    await writeFile(patch, Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0]));
    expect((await place.compose({ bytes: 0 })).length).toBe(0);
  });
});

test('a cancel ends it', async () => {
  await withDirectory(async (directory) => {
    const text = rows(createRandom(4), 1_000);
    const place = new PatchPlace(directory);
    await place.begin(text);
    await place.add(edit(text, createRandom(4), 30), '-1');
    const context = createTestContext();
    context.controller.abort(new Error('cancelled'));
    await expect(place.compose({ context })).rejects.toThrow('cancelled');
  });
});
