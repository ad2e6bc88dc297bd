import { figures, formatBytes, formatSeconds } from '../size.mjs';
import { chooseBaseline, formatRatio, summarise } from './arithmetic.mjs';
import { renderTable } from './table.mjs';

/** Repositories grow by some KB with no data at all: a snapshot, a tree. */
const NEGLIGIBLE_BYTES = 100_000;
const NEGLIGIBLE_S = 0.01;

const PATTERN_TITLES = {
  first: 'The first backup',
  unchanged: 'Days on which nothing changed',
  'pages-0.2': 'Days that changed 0.2 % of the pages, at random',
  'pages-2': 'Days that changed 2 % of the pages, at random',
  'inserts-2': 'Days that brought 2 % of new rows',
  'tracker-like': "A tracker's days: 0.2 % of the rows changed at random, 0.5 % new rows",
};

/** All of it as Markdown, for the terminal and for docs/benchmarks.md. */
export function renderReport(measured) {
  const patterns = patternsOf(measured).map((pattern) => renderPattern(measured, pattern));
  const parts = [renderHead(measured), renderVersus(measured), ...patterns, renderRestores(measured)];
  return parts.filter((part) => part !== '').join('\n\n');
}

function patternsOf({ runs }) {
  return [...new Set(runs.map((run) => run.pattern))];
}

/** A tracker's days if they were measured, else the last ones. */
export function typicalPattern(measured) {
  const patterns = patternsOf(measured);
  return patterns.includes('tracker-like') ? 'tracker-like' : patterns.at(-1);
}

/** Summaries of one pattern, in the order of the table. */
export function summariesOf({ runs, titles }, pattern) {
  return Object.entries(titles).map(([name, title]) => {
    const own = runs.filter((run) => run.contestant === name && run.pattern === pattern);
    return { name, title, ...summarise(own) };
  });
}

function renderHead({ options, machine, sizes, skipped, idleStallMs, titles }) {
  const baseline = chooseBaseline(Object.keys(titles));
  const [sqlite, mysql] = sizes;
  const lines = [
    `- ${machine.date} UTC: SQLite ${formatBytes(sqlite)}, ${mysql === undefined ? 'no MariaDB' : `MariaDB ${formatBytes(mysql)}`}, ${options.days} ${options.days === 1 ? 'day' : 'days'} of each pattern, ${options.hasWriter ? 'another process commits 20 times a second' : 'no writer'}: \`${options.commandLine}\``,
    `- ${machine.hardware}; load at the end ${machine.load}`,
    `- ${machine.versions.join('; ')}`,
    `- × is against ${titles[baseline]}`,
  ];
  if (options.note !== '') lines.push(`- ${options.note}`);
  if (idleStallMs !== undefined) lines.push(`- Slowest commit while nothing was backed up: ${figures(idleStallMs)} ms in 5 s`);
  for (const { name, reason } of skipped) lines.push(`- Left out: ${name} (${reason})`);
  return lines.join('\n');
}

/** What Holdfast costs as a part of what each of the others does, on the days that are most like real ones. Empty when it took no part. */
function renderVersus(measured) {
  const pattern = typicalPattern(measured);
  const summaries = summariesOf(measured, pattern).filter(({ values }) => values !== undefined);
  const own = summaries.findLast(({ name }) => name.startsWith('holdfast'));
  const others = summaries.filter((one) => one !== own && one.name !== 'limit');
  if (own === undefined || others.length === 0) return '';
  const rows = others.map(({ title, values }) => [
    title,
    formatRatio(own.values.grown, values.grown, NEGLIGIBLE_BYTES),
    formatRatio(own.values.wallS, values.wallS, NEGLIGIBLE_S),
    formatRatio(own.values.cpuS, values.cpuS, NEGLIGIBLE_S),
  ]);
  const table = renderTable(['in place of', 'stores', 'takes (time)', 'takes (CPU)'], rows);
  return `### ${own.title} in place of the others\n\n${PATTERN_TITLES[pattern]}.\n\n${table}`;
}

function renderPattern(measured, pattern) {
  const summaries = summariesOf(measured, pattern);
  const baseline = summaries.find((one) => one.name === chooseBaseline(Object.keys(measured.titles)))?.values;
  const { hasWriter } = measured.options;
  const head = ['', 'time', '×', 'stored', '×', 'CPU', '×', 'memory', 'disk besides', 'of it stays'];
  const rows = summaries.map((one) => [...rowOf(one, baseline), ...(hasWriter ? [`${figures(one.stallMs ?? 0)} ms`] : [])]);
  return `### ${PATTERN_TITLES[pattern]}\n\n${renderTable(hasWriter ? [...head, 'longest stall'] : head, rows)}`;
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
  const baseline = restores.find((one) => one.contestant === chooseBaseline(Object.keys(titles)))?.wallS;
  const rows = restores.map(({ contestant, wallS, isRight }) => [
    titles[contestant],
    wallS === undefined ? 'failed' : formatSeconds(wallS),
    formatRatio(wallS, baseline, NEGLIGIBLE_S),
    isRight ? 'yes' : '**no**',
  ]);
  return `### Restore of the newest backup\n\n${renderTable(['', 'time', '×', 'SQLite as it was'], rows)}`;
}
