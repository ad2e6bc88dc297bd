import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderReport, summariesOf, typicalPattern } from './report.mjs';
import { renderPicture } from './svg.mjs';

const BEGIN = '<!-- bench: begin -->';
const END = '<!-- bench: end -->';

/** Puts the tables between the markers of docs/benchmarks.md, and draws docs/benchmarks.svg. @throws when the markers are missing. */
export async function writeDocument(docs, measured) {
  const path = join(docs, 'benchmarks.md');
  await writeFile(path, replaceBetweenMarkers(await readFile(path, 'utf8'), renderReport(measured)));
  await writeFile(join(docs, 'benchmarks.svg'), renderPicture(toCharts(measured)));
}

/** @param {string} text @param {string} tables */
export function replaceBetweenMarkers(text, tables) {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`docs/benchmarks.md must hold ${BEGIN} and ${END}: the tables go between them`);
  return `${text.slice(0, begin + BEGIN.length)}\n${tables}\n${text.slice(end)}`;
}

function toCharts(measured) {
  const summaries = summariesOf(measured, typicalPattern(measured));
  const bars = (value) =>
    summaries.map(({ name, values, ended }) => ({ label: name, value: values && value(values), note: ended }));
  return [
    { title: 'Stored per day, MB', bars: bars((values) => values.grown / 1e6) },
    { title: 'Time of a repeated backup, s', bars: bars((values) => values.wallS) },
  ];
}
