import { expect, test } from '@jest/globals';
import type { Chain, Run } from '../../../bench/types.d.ts';
import { load } from './modules.ts';

const { judgeClaims } = await load('report/claims');

function run(change: Partial<Run>): Run {
  const measured = {
    wallS: 10,
    cpuS: 1,
    peakRss: 1,
    diskPeak: 1,
    diskLeft: 1,
    grown: 1e6,
    stallMs: undefined,
    changed: undefined,
  };
  return {
    contestant: 'holdfast-incremental',
    day: 1,
    pattern: 'tracker-like',
    hasWriter: false,
    ended: 'ok',
    ...measured,
    ...change,
  };
}

function judge(runs: Run[], change: object = {}) {
  const titles = Object.fromEntries(runs.map(({ contestant }) => [contestant, contestant]));
  const options = { days: 1, patterns: ['tracker-like'] };
  return judgeClaims({ runs, titles, options, sizes: [17e9], chains: [], idleStallMs: undefined, ...change });
}

test('Nothing is claimed of what was not measured', () => {
  expect(judge([run({})])).toEqual([]);
  expect(judge([run({ contestant: 'restic' })])).toEqual([]);
});

test('The longest stall counts above that of the writer alone, and who was cut off falls short', () => {
  const beside = [
    run({ hasWriter: true, stallMs: 640 }),
    run({ hasWriter: true, pattern: 'first', ended: 'cut off', stallMs: 90 }),
  ];
  const claims = judge(beside, { idleStallMs: 100 });
  expect(claims.map(({ figure, isMet }) => [figure, isMet])).toEqual([
    ['cut off', false],
    ['540 ms', false],
  ]);
  expect(judge([run({ hasWriter: true, stallMs: 600 })], { idleStallMs: 100 }).every(({ isMet }) => isMet)).toBe(true);
});

test.each([
  [2.5, true],
  [2.6, false],
])('A day of changed pages of %d s against 10 s of restic on the raw file is met: %s', (wallS, isMet) => {
  const runs = [run({ pattern: 'pages-2', wallS }), run({ pattern: 'pages-2', contestant: 'restic-raw' })];
  expect(judge(runs)).toEqual([expect.objectContaining({ asked: 'at most 0.25×', isMet })]);
});

test('A day from the disk is compared with others from the disk, and one in memory with those in memory', () => {
  const days = (memory: 'cold' | 'warm', wallS: number, rawS: number) => [
    run({ pattern: 'pages-2', memory, wallS }),
    run({ pattern: 'pages-2', memory, wallS: rawS, contestant: 'restic-raw' }),
  ];
  const claims = judge([...days('cold', 30, 100), ...days('warm', 20, 100)]);
  expect(claims.map(({ claim, figure, isMet }) => [/from the disk|in memory/.exec(claim)?.[0], figure, isMet])).toEqual([
    ['from the disk', '0.30×', false],
    ['in memory', '0.20×', true],
  ]);
});

test('What is stored is compared with what changed in both databases, and what is next to nothing is as good as nothing', () => {
  const pages = run({ grown: 1.4e6, pattern: 'pages-2', changed: { bytes: 9e6, sqlite: 0.9e6, mysql: 0.1e6 } });
  const none = run({ grown: 30_000, pattern: 'unchanged', changed: { bytes: 0, sqlite: 0, mysql: 0 } });
  expect(judge([pages, none]).map(({ figure, isMet }) => [figure, isMet])).toEqual([
    ['1.40×', false],
    ['1.00×', true],
  ]);
});

test("A tracker's day is compared with the fastest of the others", () => {
  const others = [run({ contestant: 'loop', wallS: 40 }), run({ contestant: 'tar.gz', wallS: 31 })];
  expect(judge([run({}), ...others])).toEqual([expect.objectContaining({ figure: '0.32×', isMet: true })]);
  expect(judge([run({}), run({ contestant: 'loop', wallS: 29 })])).toEqual([expect.objectContaining({ isMet: false })]);
});

test('A month is the first backup and thirty days, and a day that failed spoils it', () => {
  const month = Array.from({ length: 31 }, (_, day) => run({ day, pattern: day === 0 ? 'first' : 'tracker-like', grown: 1e9 }));
  const options = { days: 30, patterns: ['tracker-like'] };
  expect(judge(month, { options })).toEqual([
    expect.objectContaining({ figure: '31.0 GB', asked: 'at most 30.0 GB', isMet: false }),
  ]);
  expect(judge(month.with(3, run({ ended: 'failed (1)' })), { options })).toEqual([]);
});

test('A chain is restored in time only if it gives the same bytes', () => {
  const chain: Chain = { source: 'sqlite/main', deltas: 30, fullS: 10, chainedS: 12, isSame: true };
  const claims = judge([], { chains: [chain, { ...chain, isSame: false }, { ...chain, source: 'mysql/main', chainedS: 20 }] });
  expect(claims.map(({ figure, isMet }) => [figure, isMet])).toEqual([
    ['1.20×', true],
    ['1.20×, not the same bytes', false],
    ['2.00×', true],
  ]);
});
