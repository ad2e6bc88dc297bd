import { expect, test } from '@jest/globals';
import type { Run } from '../../../bench/types.d.ts';
import { load } from './modules.ts';

const { median, summarise, formatRatio, chooseBaseline } = await load('report/arithmetic');
const { renderReport } = await load('report/report');
const { renderTable } = await load('report/table');
const { renderPicture } = await load('report/svg');
const { replaceSection } = await load('report/write-document');

function run(change: Partial<Run>): Run {
  const measured = { wallS: 1, cpuS: 1, peakRss: 1, diskPeak: 1, diskLeft: 1, grown: 1, stallMs: undefined, changed: undefined };
  return { contestant: 'restic', day: 1, pattern: 'unchanged', hasWriter: false, ended: 'ok', ...measured, ...change };
}

test('The median of an even number of values lies between the two in the middle', () => {
  expect(median([9, 1, 3])).toBe(3);
  expect(median([10, 1, 3, 5])).toBe(4);
});

test('Days are summed up by the median of times, the mean of growth and the highest of memory and stalls', () => {
  const runs = [
    run({ wallS: 1, grown: 10, peakRss: 5, stallMs: 2 }),
    run({ wallS: 2, grown: 20, peakRss: 7, stallMs: 9 }),
    run({ wallS: 30, grown: 60, peakRss: 6, stallMs: 3 }),
  ];
  expect(summarise(runs)).toMatchObject({ ended: 'ok', stallMs: 9, values: { wallS: 2, grown: 30, peakRss: 7 } });
});

test('A day that failed is named and does not count in what a backup costs', () => {
  const runs = [run({ wallS: 1 }), run({ wallS: 600, ended: 'cut off', stallMs: 40 })];
  expect(summarise(runs)).toMatchObject({ ended: 'cut off, 1 of 2', stallMs: 40, values: { wallS: 1 } });
  expect(summarise([run({ ended: 'failed (1)' })])).toEqual({ ended: 'failed (1)', stallMs: undefined, values: undefined });
});

test.each([
  [5, 10, '0.50×'],
  [9.99, 10, '1.0×'],
  [99.9, 10, '10×'],
  [3, 1000, '0.003×'],
  [10, 10, '1.0×'],
  [1, 28, '0.04×'],
  [1234, 10, '123×'],
  [0.001, 0.002, '1×'],
  [0, 1, '0.10×'],
])('%d beside %d is %s, with 0.1 as good as nothing', (value, baseline, expected) => {
  expect(formatRatio(value, baseline, 0.1)).toBe(expected);
});

test('Nothing is compared with a baseline that was not measured', () => {
  expect(formatRatio(1, undefined, 0)).toBe('');
});

test('The careful script is what others are compared with, or else the first that is neither Holdfast nor a yardstick', () => {
  expect(chooseBaseline(['loop', 'restic', 'limit'])).toBe('restic');
  expect(chooseBaseline(['holdfast-full', 'limit', 'borgmatic'])).toBe('borgmatic');
  expect(chooseBaseline(['read', 'restic-raw'])).toBe('restic-raw');
  expect(chooseBaseline(['holdfast-full'])).toBe('holdfast-full');
});

test('A table has columns of one width, numbers to the right', () => {
  expect(
    renderTable(
      ['', 'time'],
      [
        ['restic', '1 s'],
        ['x', '100 s'],
      ],
    ),
  ).toBe('|        |  time |\n| ------ | ----: |\n| restic |   1 s |\n| x      | 100 s |');
});

test('A picture has a bar for each value in proportion, and the words of who has none', () => {
  const bars = [
    { label: 'holdfast-full', value: 245, note: 'ok' },
    { label: 'a<b', value: 490, note: 'ok' },
    { label: 'loop', value: undefined, note: 'cut off' },
  ];
  const picture = renderPicture([{ title: 'Stored', bars }]);
  expect([...picture.matchAll(/width="([\d.]+)"/g)].map(([, width]) => Number(width))).toEqual([245, 490, 0]);
  expect(picture).toContain('a&#60;b');
  expect(picture).toContain('>cut off<');
  expect(picture).toContain('class="bar own"');
});

test('Tables replace what stood between the markers of their section, and nothing else', () => {
  const section = (name: string, text: string) => `<!-- bench ${name}: begin -->\n${text}\n<!-- bench ${name}: end -->\n`;
  const text = `before\n${section('month', 'a')}between\n${section('patterns', 'b')}after\n`;
  expect(replaceSection(text, 'patterns', 'new')).toBe(text.replace('\nb\n', '\nnew\n'));
  expect(() => replaceSection(text, 'headline', 'new')).toThrow('docs/benchmarks.md must hold <!-- bench headline: begin -->');
});

test('A report says what Holdfast costs in place of each other way, on the typical days', () => {
  const runs = [
    run({ pattern: 'first', day: 0, grown: 1e9 }),
    run({ pattern: 'tracker-like', grown: 8e8, wallS: 10, cpuS: 5 }),
    run({ pattern: 'tracker-like', grown: 2e8, wallS: 5, cpuS: 5, contestant: 'holdfast-incremental' }),
  ];
  const report = renderReport({
    runs,
    titles: { restic: 'careful', 'holdfast-incremental': 'Holdfast' },
    options: { days: 1, writers: [false], patterns: ['tracker-like'], commandLine: 'npm run bench', note: '' },
    machine: { date: '2026-01-01 03:00', hardware: '2 × CPU', loadBefore: 0, load: 0.1, versions: ['restic 0.19.1'] },
    sizes: [1.5e9],
    restores: [{ contestant: 'restic', wallS: 2, isRight: false }],
    chains: [],
    skipped: [{ name: 'borgmatic', reason: 'no pip' }],
    idleStallMs: undefined,
  });
  expect(report).toContain('| careful     |  0.25× |        0.50× |        1.0× |');
  expect(report).toContain('Left out: borgmatic (no pip)');
  expect(report).toMatch(/\| careful \| 2\.00 s \| 1\.0× \| +\*\*no\*\* \|/);
});
