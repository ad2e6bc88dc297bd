import { expect, test } from '@jest/globals';
import type { DeltaReader } from '../../../../../../activities/databases/sqlite/incremental/delta-reader.ts';
import { LackingDeltas } from '../../../../../../activities/databases/sqlite/incremental/lacking-deltas.ts';
import {
  CHANGED,
  type PatchTaker,
  REBUILT,
  RENEWED,
  WHOLE,
} from '../../../../../../activities/databases/sqlite/incremental/patch-format.ts';
import { PatchListReader } from '../../../../../../activities/databases/sqlite/incremental/patch-list.ts';
import { BLOCK_BYTES } from '../../../../../../activities/databases/sqlite/incremental/scan-pages.ts';

type Kind = typeof WHOLE | typeof RENEWED | typeof REBUILT | typeof CHANGED;
type Patch = [pageNumber: number, kind: Kind, bytes?: number];

/** A delta in memory. */
class Delta implements DeltaReader {
  readonly kept = new Uint32Array();
  readonly isReady = true;
  isClosed = false;
  readonly #patches: Patch[];

  constructor(patches: readonly Patch[]) {
    this.#patches = [...patches];
  }

  get pageNumber(): number {
    return this.#patches[0]?.[0] ?? Number.POSITIVE_INFINITY;
  }

  async ready(): Promise<void> {}

  pass(taker: PatchTaker): void {
    const [pageNumber = 0, kind = CHANGED, bytes = 10] = this.#patches.shift() ?? [];
    taker.take({ pageNumber, kind, memory: Buffer.alloc(bytes), from: 0, end: bytes });
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

function lackingOf(deltas: readonly (readonly Patch[])[], isOverlaid: boolean): LackingDeltas {
  return new LackingDeltas(
    deltas.map((patches) => new Delta(patches)),
    { isOverlaid },
  );
}

/** Page numbers and kinds of each list. */
function contentOf(lists: readonly Uint8Array[]): [number, Kind][][] {
  return lists.map((list) => {
    const patches: [number, Kind][] = [];
    for (const patch = new PatchListReader(list); patch.next(); ) patches.push([patch.pageNumber, patch.kind]);
    return patches;
  });
}

const DAYS: Patch[][] = [
  [
    [1, CHANGED],
    [2, CHANGED],
    [3, WHOLE],
    [9, CHANGED],
  ],
  [
    [2, RENEWED],
    [3, REBUILT],
    [4, CHANGED],
    [9, WHOLE],
  ],
  [
    [2, CHANGED],
    [4, WHOLE],
    [8, CHANGED],
  ],
];

test('an overlay gets all pages, and of each what came after it was stored as a whole', async () => {
  const lacking = lackingOf(DAYS, true);
  expect(contentOf(await lacking.list({ firstPage: 1, endOfChain: 9, changed: [3] }))).toEqual([
    [
      [1, CHANGED],
      [3, WHOLE],
    ],
    [
      [2, RENEWED],
      [3, REBUILT],
    ],
    [
      [2, CHANGED],
      [4, WHOLE],
      [8, CHANGED],
    ],
  ]);
  expect(contentOf(await lacking.list({ firstPage: 9, endOfChain: 17, changed: [] }))).toEqual([[[9, WHOLE]]]);
});

test('without an overlay pages that changed are all that is asked for, also in blocks after one that was not asked for', async () => {
  const lacking = lackingOf(DAYS, false);
  expect(contentOf(await lacking.list({ firstPage: 1, endOfChain: 3, changed: [] }))).toEqual([]);
  expect(contentOf(await lacking.list({ firstPage: 3, endOfChain: 9, changed: [3, 5, 8] }))).toEqual([
    [[3, WHOLE]],
    [[3, REBUILT]],
    [[8, CHANGED]],
  ]);
  // The chain ends within the block, and had more pages once.
  expect(await lacking.list({ firstPage: 9, endOfChain: 9, changed: [] })).toEqual([]);
});

test('pages that were stored as a whole day after day take the memory of one day, and what takes more is left out', async () => {
  const pages = BLOCK_BYTES / 4096;
  const day = (kind: Kind) => Array.from({ length: pages }, (_, page): Patch => [page + 1, kind, 4096]);
  const block = { firstPage: 1, endOfChain: pages + 1, changed: Array.from({ length: pages }, (_, page) => page + 1) };
  const whole = await lackingOf(Array<Patch[]>(9).fill(day(WHOLE)), true).list(block);
  expect(whole).toHaveLength(1);
  expect(contentOf(whole)[0]).toHaveLength(pages);
  expect(await lackingOf(Array<Patch[]>(3).fill(day(CHANGED)), true).list(block)).toHaveLength(3);
  expect(await lackingOf(Array<Patch[]>(4).fill(day(CHANGED)), true).list(block)).toEqual([]);
});

test('all are closed', async () => {
  const deltas = [new Delta([]), new Delta([])];
  await new LackingDeltas(deltas, { isOverlaid: false }).close();
  expect(deltas.map(({ isClosed }) => isClosed)).toEqual([true, true]);
});
