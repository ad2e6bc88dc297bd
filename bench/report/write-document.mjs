import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { YARDSTICKS } from '../contestants/all.mjs';
import { renderReport } from './report.mjs';
import { summariesOf, typicalGroup } from './summaries.mjs';
import { renderPicture } from './svg.mjs';

/**
 * Puts the tables between the markers of a section of docs/benchmarks.md, and draws its picture where there are several to compare:
 * docs/benchmarks-SECTION.svg, docs/benchmarks.svg for `everybody`.
 *
 * @param {string} docs @param {string} section @throws when the markers are missing
 */
export async function writeDocument(docs, section, measured) {
  const path = join(docs, 'benchmarks.md');
  await writeFile(path, replaceSection(await readFile(path, 'utf8'), section, renderReport(measured)));
  const picture = section === 'everybody' ? 'benchmarks.svg' : `benchmarks-${section}.svg`;
  const charts = toCharts(measured);
  // Of a contestant alone there is nothing to be seen.
  if (charts.some(({ bars }) => bars.length > 1)) await writeFile(join(docs, picture), renderPicture(charts));
}

/** @param {string} text @param {string} section @param {string} tables */
export function replaceSection(text, section, tables) {
  const [begin, end] = [`<!-- bench ${section}: begin -->`, `<!-- bench ${section}: end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/benchmarks.md must hold ${begin} and ${end}: the tables go between them`);
  return `${text.slice(0, from + begin.length)}\n${tables}\n${text.slice(to)}`;
}

function toCharts(measured) {
  const summaries = summariesOf(measured, typicalGroup(measured)).filter(({ name }) => !YARDSTICKS.includes(name));
  const bars = (value) =>
    summaries.map(({ name, values, ended }) => ({ label: name, value: values && value(values), note: ended }));
  return [
    { title: 'Stored per day, MB', bars: bars((values) => values.grown / 1e6) },
    { title: 'Time of a repeated backup, s', bars: bars((values) => values.wallS) },
  ];
}
