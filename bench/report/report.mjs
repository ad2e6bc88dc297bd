import { YARDSTICKS } from '../contestants/all.mjs';
import { figures, formatBytes, formatSeconds } from '../size.mjs';
import { chooseBaseline, formatRatio, NEGLIGIBLE_BYTES, NEGLIGIBLE_S } from './arithmetic.mjs';
import { judgeClaims } from './claims.mjs';
import { renderHead } from './head.mjs';
import { groupsOf, summariesOf, typicalGroup } from './summaries.mjs';
import { renderTable } from './table.mjs';

const PATTERN_TITLES = {
  first: 'The first backup',
  unchanged: 'Days on which nothing changed',
  'pages-0.2': 'Days that changed 0.2 % of the pages, at random',
  'pages-2': 'Days that changed 2 % of the pages, at random',
  'inserts-2': 'Days that brought 2 % of new rows',
  'tracker-like': "A tracker's days: 0.2 % of the rows changed at random, 0.5 % new rows",
};

const MEMORY_TITLES = { cold: '; the database was not in memory', warm: '; the database was in memory' };

const titleOf = ({ pattern, hasWriter, memory }) =>
  `${PATTERN_TITLES[pattern]}${hasWriter ? '; another process commits' : ''}${MEMORY_TITLES[memory] ?? ''}`;

/** All of it as Markdown, for the terminal and for docs/benchmarks.md. */
export function renderReport(measured) {
  const tables = groupsOf(measured).map((group) => renderGroup(measured, group));
  const parts = [renderHead(measured), renderClaims(measured), renderVersus(measured), ...tables];
  return [...parts, renderRestores(measured), renderChains(measured)].filter((part) => part !== '').join('\n\n');
}

function renderClaims(measured) {
  const rows = judgeClaims(measured).map(({ claim, asked, figure, isMet }) => [
    claim,
    asked,
    figure,
    isMet ? 'yes' : '**falls short**',
  ]);
  return rows.length === 0 ? '' : `#### Claims\n\n${renderTable(['', 'asked', 'came out', 'met'], rows)}`;
}

/** What Holdfast costs as a part of what each of the others does, on the days that are most like real ones. Empty when it took no part. */
function renderVersus(measured) {
  const group = typicalGroup(measured);
  const summaries = summariesOf(measured, group).filter(({ values }) => values !== undefined);
  const own = summaries.findLast(({ name }) => name.startsWith('holdfast'));
  const others = summaries.filter((one) => one !== own && !YARDSTICKS.includes(one.name));
  if (own === undefined || others.length === 0) return '';
  const rows = others.map(({ title, values }) => [
    title,
    formatRatio(own.values.grown, values.grown, NEGLIGIBLE_BYTES),
    formatRatio(own.values.wallS, values.wallS, NEGLIGIBLE_S),
    formatRatio(own.values.cpuS, values.cpuS, NEGLIGIBLE_S),
  ]);
  const table = renderTable(['in place of', 'stores', 'takes (time)', 'takes (CPU)'], rows);
  return `#### ${own.title} in place of the others\n\n${titleOf(group)}.\n\n${table}`;
}

function renderGroup(measured, group) {
  const summaries = summariesOf(measured, group);
  const baseline = summaries.find((one) => one.name === chooseBaseline(Object.keys(measured.titles)))?.values;
  const head = ['', 'time', '×', 'stored', '×', 'CPU', '×', 'memory', 'disk besides', 'of it stays'];
  const stall = ({ stallMs }) => (stallMs === undefined ? '' : `${figures(stallMs)} ms`);
  const rows = summaries.map((one) => [...rowOf(one, baseline), ...(group.hasWriter ? [stall(one)] : [])]);
  const table = renderTable(group.hasWriter ? [...head, 'longest stall'] : head, rows);
  return `#### ${titleOf(group)}\n\n${table}${renderChanged(summaries)}`;
}

function renderChanged(summaries) {
  const changed = summaries.find(({ values }) => values?.changed !== undefined)?.values.changed;
  return changed === undefined ? '' : `\n\nWhat changed in a day, compressed by itself: ${formatBytes(changed)}.`;
}

function rowOf({ title, ended, values }, baseline) {
  const name = ended === 'ok' ? title : `${title}: **${ended}**`;
  if (values === undefined) return [name, ...Array.from({ length: 9 }, () => '')];
  return [
    name,
    formatSeconds(values.wallS),
    formatRatio(values.wallS, baseline?.wallS, NEGLIGIBLE_S),
    formatBytes(values.grown),
    formatRatio(values.grown, baseline?.grown, NEGLIGIBLE_BYTES),
    formatSeconds(values.cpuS),
    formatRatio(values.cpuS, baseline?.cpuS, NEGLIGIBLE_S),
    formatBytes(values.peakRss),
    formatBytes(values.diskPeak),
    formatBytes(values.diskLeft),
  ];
}

function renderRestores({ restores, titles }) {
  if (restores.length === 0) return '';
  const baseline = restores.find((one) => one.contestant === chooseBaseline(Object.keys(titles)))?.wallS;
  const rows = restores.map(({ contestant, wallS, isRight }) => [
    titles[contestant],
    wallS === undefined ? 'failed' : formatSeconds(wallS),
    formatRatio(wallS, baseline, NEGLIGIBLE_S),
    isRight ? 'yes' : '**no**',
  ]);
  return `#### Restore of the newest backup\n\n${renderTable(['', 'time', '×', 'SQLite as it was'], rows)}`;
}

function renderChains({ chains }) {
  if (chains.length === 0) return '';
  const rows = chains.map(({ source, deltas, fullS, chainedS, isSame }) => [
    source,
    formatSeconds(fullS),
    String(deltas ?? '?'),
    formatSeconds(chainedS),
    formatRatio(chainedS, fullS, NEGLIGIBLE_S),
    isSame ? 'yes' : '**no**',
  ]);
  const head = ['', 'full copy', 'deltas of the chain', 'time', '×', 'byte for byte the same'];
  return `#### Restore of one database by Holdfast, from a full copy and from a chain\n\n${renderTable(head, rows)}`;
}
