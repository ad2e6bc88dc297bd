// The texts of the other tests must have everything in them that a frame of zstd may have, or they prove nothing about the rest.
import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { FrameReader } from '../../../../../activities/databases/zstd-frame/frame-reader.ts';
import { PatchPlace, patchedTexts } from '../../../../support/patches.ts';
import { withDirectory } from '../../../../support/phase-context.ts';

const BLOCKS = ['raw', 'run', 'compressed', 'reserved'];
const LITERALS = ['raw', 'run', 'compressed', 'treeless'];
const TABLES = ['predefined', 'run', 'described', 'repeated'];

/** Which of its kinds a frame uses; by the heads of its blocks alone. */
function kindsOf(frame: Buffer): string[] {
  const descriptor = frame[4] as number;
  const isSingle = (descriptor & 32) !== 0;
  let at = 5 + (isSingle ? 0 : 1) + Math.max(isSingle ? 1 : 0, [0, 2, 4, 8][descriptor >> 6] as number);
  const kinds: string[] = [];
  for (let isLast = false; !isLast; ) {
    const head = frame.readUIntLE(at, 3);
    isLast = (head & 1) === 1;
    const kind = (head >> 1) & 3;
    kinds.push(`block ${BLOCKS[kind]}`);
    if (kind === 2) kinds.push(...kindsOfBlock(frame.subarray(at + 3, at + 3 + (head >> 3))));
    at += 3 + (kind === 1 ? 1 : head >> 3);
  }
  return kinds;
}

function kindsOfBlock(block: Buffer): string[] {
  const head = block[0] as number;
  const [kind, format] = [head & 3, (head >> 2) & 3];
  const isPlain = kind < 2;
  const headBytes = isPlain ? ([1, 2, 1, 3][format] as number) : ([3, 3, 4, 5][format] as number);
  const sizes = block.readUIntLE(0, headBytes);
  const plainBytes = kind === 1 ? 1 : Math.floor(sizes / (headBytes === 1 ? 8 : 16));
  const packedBytes = Math.floor(sizes / 2 ** (4 + ([10, 10, 14, 18][format] as number)));
  const after = headBytes + (isPlain ? plainBytes : packedBytes);
  const kinds = [`literals ${LITERALS[kind]}`, ...(isPlain ? [] : [format === 0 ? 'one stream' : 'four streams'])];
  const count = block[after] as number;
  if (count === 0) return [...kinds, 'no sequences'];
  const modes = block[after + (count < 128 ? 1 : count < 255 ? 2 : 3)] as number;
  return [
    ...kinds,
    ...[6, 4, 2].map((shift, index) => `${['runs', 'offsets', 'lengths'][index]} ${TABLES[(modes >> shift) & 3]}`),
  ];
}

function textBytes(reader: FrameReader): number {
  let bytes = 0;
  for (let block = reader.next(); block !== undefined; block = reader.next()) {
    const { count, lengths } = block.sequences;
    bytes += block.literals.length + lengths.subarray(0, count).reduce((sum, length) => sum + length, 0);
  }
  return bytes;
}

test('every kind of block, of literals and of tables is read', async () => {
  await withDirectory(async (directory) => {
    const found = new Set<string>();
    const reader = new FrameReader();
    for (const level of ['-1', '-3', '-19']) {
      for (const [title, [before, after]] of Object.entries(patchedTexts(1))) {
        const place = new PatchPlace(`${directory}/${level} ${title}`);
        await place.begin(before);
        const patch = await place.add(after, level);
        for (const kind of kindsOf(await readFile(patch))) found.add(kind);
        reader.open(patch);
        expect([title, textBytes(reader), reader.contentBytes]).toEqual([title, after.length, after.length]);
        reader.close();
      }
    }
    expect([...found].sort()).toEqual(
      [
        ...BLOCKS.slice(0, 3).map((kind) => `block ${kind}`),
        ...LITERALS.map((kind) => `literals ${kind}`),
        ...['runs', 'offsets', 'lengths'].flatMap((column) => TABLES.map((kind) => `${column} ${kind}`)),
        'one stream',
        'four streams',
        'no sequences',
      ].sort(),
    );
  });
}, 120_000);
