import { expect, test } from '@jest/globals';
import { renderBar } from '../../../../client/rendering/bar.ts';
import { renderPairs, renderTable } from '../../../../client/rendering/table.ts';
import { cutTo, toLine, wrap } from '../../../../client/rendering/text.ts';

test('a table aligns its columns and leaves no trailing spaces', () => {
  const columns = [{ title: 'ID' }, { title: 'SIZE', align: 'right' as const }, { title: 'TAGS' }];
  const rows = [
    ['4bba301e', '1.0 MiB', ''],
    ['a1', '812 B', 'torrust'],
  ];
  expect(renderTable(columns, rows)).toEqual(['ID           SIZE  TAGS', '4bba301e  1.0 MiB', 'a1          812 B  torrust']);
});

test('a table is cut at the given width', () => {
  const lines = renderTable([{ title: 'FAILURE' }], [['x'.repeat(100)]], 20);
  expect(lines[1]).toBe(`${'x'.repeat(19)}…`);
});

test('a cell cannot send escape sequences to the terminal', () => {
  expect(renderTable([{ title: 'A' }], [['a\u001b[2Jb\nc']])[1]).toBe('a [2Jb c');
});

test('pairs without a value are left out', () => {
  expect(
    renderPairs([
      ['snapshot', 'x'],
      ['archive', undefined],
      ['run', 'y'],
    ]),
  ).toEqual(['snapshot  x', 'run       y']);
});

test.each([
  [0, '░░░░'],
  [49.9, '█░░░'],
  [50, '██░░'],
  [99.9, '███░'],
  [100, '████'],
  [140, '████'],
  [-3, '░░░░'],
])('a bar of four shows %d %% as %s', (percent, bar) => {
  expect(renderBar(percent, 4)).toBe(bar);
});

test('texts are cut by characters and say so', () => {
  expect([cutTo('abc', 3), cutTo('abcd', 3), cutTo('💾💾💾', 2), cutTo('abc', 0)]).toEqual(['abc', 'ab…', '💾…', '']);
});

test('texts are wrapped at spaces, and a long word keeps a line of its own', () => {
  expect(wrap('a bb  ccc /a/very/long/path d', 6)).toEqual(['a bb', 'ccc', '/a/very/long/path', 'd']);
});

test('a text of several lines becomes one', () => {
  expect(toLine('first\n\tsecond\u0007\n')).toBe('first second');
});
