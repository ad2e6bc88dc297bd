import { expect, test } from '@jest/globals';
import { PageDiffer } from '../../../../../../activities/databases/sqlite/incremental/diff-pages.ts';
import { PagePatcher, PatchDamaged } from '../../../../../../activities/databases/sqlite/incremental/page-patch.ts';

/** The same numbers in each run (mulberry32). */
function chanceOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

type Chance = ReturnType<typeof chanceOf>;

function page(size: number, fill: (index: number) => number): Buffer {
  const made = Buffer.from(new ArrayBuffer(size));
  for (let index = 0; index < size; index++) made[index] = fill(index);
  return made;
}

/** Moves, repeats, overwrites and blanks parts of a page. */
function edit(before: Buffer, chance: Chance): Buffer {
  const after = page(before.length, (index) => before[index] ?? 0);
  for (let edits = chance(12); edits > 0; edits--) {
    const length = 1 + chance(chance(4) === 0 ? before.length : 40);
    const where = chance(before.length);
    const from = chance(before.length);
    const kind = chance(4);
    if (kind === 0) after.copyWithin(where, from, Math.min(before.length, from + length));
    else if (kind === 1) after.copyWithin(where + 2, where, before.length);
    else
      for (let index = where; index < Math.min(before.length, where + length); index++)
        after[index] = kind === 2 ? 0 : chance(256);
  }
  return after;
}

test.each([512, 4096, 65_536])('any two pages of %i bytes give a patch that makes one of the other, or none', (size) => {
  const chance = chanceOf(size);
  const differ = new PageDiffer(size);
  const patcher = new PagePatcher(size);
  let patches = 0;
  for (let round = 0; round < (size > 4096 ? 25 : 300); round++) {
    const alphabet = [2, 16, 256][chance(3)] ?? 2;
    const before = page(size, () => chance(alphabet));
    const after = chance(10) === 0 ? page(size, () => chance(256)) : edit(before, chance);
    const operations = differ.diff(before, after);
    if (operations === undefined) continue;
    patches++;
    expect(operations.length).toBeLessThan(size);
    patcher.apply({ memory: before, start: 0 }, operations, 0, operations.length);
    expect(before.equals(after)).toBe(true);
  }
  expect(patches).toBeGreaterThan(10);
});

test('a changed byte takes five, an added cell its own bytes and a few, and the same page nothing', () => {
  const chance = chanceOf(1);
  const differ = new PageDiffer(4096);
  const before = page(4096, (index) => (index > 200 && index < 2000 ? 0 : chance(256)));
  expect(differ.diff(before, before)).toHaveLength(0);
  const changed = page(4096, (index) => (index === 3000 ? (before[index] ?? 0) ^ 1 : (before[index] ?? 0)));
  expect(differ.diff(before, changed)).toHaveLength(5);
  const added = page(4096, (index) => before[index] ?? 0);
  added.copyWithin(102, 100, 200);
  for (let index = 1900; index < 1930; index++) added[index] = 1 + chance(255);
  added[100] = (before[100] ?? 0) ^ 0x55;
  expect(differ.diff(before, added)?.length).toBeLessThan(60);
});

const uint16 = (...values: number[]) => Buffer.concat(values.map((value) => Buffer.from([value & 255, value >> 8])));

test.each<[what: string, operations: Buffer]>([
  ['a head that breaks off', Buffer.from([1, 0, 4])],
  ['bytes that break off', Buffer.concat([uint16(0, 10), Buffer.alloc(9)])],
  ['bytes beyond the page', Buffer.concat([uint16(510, 3), Buffer.alloc(3)])],
  ['a copy beyond the page', uint16(500, 0x8000 | 20, 0)],
  ['a copy from beyond the page', uint16(0, 0x8000 | 20, 500)],
  ['a copy whose source breaks off', uint16(0, 0x8000 | 20)],
  ['no bytes', uint16(0, 0)],
  ['a copy after bytes', Buffer.concat([uint16(0, 1), Buffer.from([7]), uint16(10, 0x8000 | 20, 0)])],
])('%s is refused, and nothing outside of the page written', (_what, operations) => {
  const around = Buffer.alloc(512 * 3, 9);
  expect(() => new PagePatcher(512).apply({ memory: around, start: 512 }, operations, 0, operations.length)).toThrow(
    PatchDamaged,
  );
  expect(around.subarray(0, 512).every((byte) => byte === 9)).toBe(true);
  expect(around.subarray(1024).every((byte) => byte === 9)).toBe(true);
});
