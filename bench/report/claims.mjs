import { figures, formatBytes } from '../size.mjs';
import { NEGLIGIBLE_BYTES } from './arithmetic.mjs';
import { groupsOf, summariesOf } from './summaries.mjs';

const OWN = 'holdfast-incremental';
const OTHERS = ['loop', 'tar.gz', 'borgmatic', 'restic'];
const STALL_MS = 500;
const GROWTH = 1.3;
const FIRST = 1.15;
const DAYS_OF_MONTH = 30;
/** What the evaluation of restic that this project began with expects after 30 days, at most: 30 GB of 17 GB. */
const MONTH = 30 / 17;

/**
 * What Holdfast claims, as far as this run has measured it.
 *
 * @returns {{ claim: string, asked: string, figure: string, isMet: boolean }[]}
 */
export function judgeClaims(measured) {
  const byGroup = groupsOf(measured).map((group) => ({
    ...group,
    of: Object.fromEntries(summariesOf(measured, group).map((one) => [one.name, one])),
  }));
  const quiet = byGroup.filter(({ hasWriter }) => !hasWriter);
  const find = (pattern, groups = byGroup) => groups.find((group) => group.pattern === pattern)?.of ?? {};
  return [
    ...beside(byGroup, measured.idleStallMs),
    ...byGroup.filter(({ pattern }) => pattern === 'pages-2').flatMap(repeated),
    ...quiet.flatMap(growth),
    ...stored(find('tracker-like', quiet)),
    ...month(measured),
    ...time('First backup, incremental, beside careful shell', find('first', quiet), { others: ['restic'], limit: FIRST }),
    ...time('First backup, full copy, beside careful shell', find('first', quiet), {
      own: 'holdfast-full',
      others: ['restic'],
      limit: FIRST,
    }),
    ...time('An unchanged day, beside `.backup`, tar.gz, restic', find('unchanged', quiet), {
      others: ['tar.gz'],
      limit: 1 / 10,
    }),
    ...time('An unchanged day, beside borgmatic', find('unchanged', quiet), { others: ['borgmatic'], limit: 1 / 3 }),
    ...time("A tracker's day, beside the fastest of the others", find('tracker-like', quiet), { others: OTHERS, limit: 1 / 3 }),
    ...measured.chains.map(restored),
  ];
}

/** A day of a large database. */
function repeated({ memory, of }) {
  const day = `A day of 2 % of the pages${{ cold: ', from the disk', warm: ', in memory' }[memory] ?? ''}`;
  return [
    ...time(`${day}, beside restic on the raw file`, of, { others: ['restic-raw'], limit: 1 / 4 }),
    ...time(`${day}, beside reading all once`, of, { others: ['read'], limit: 4 }),
  ];
}

/** Beside a writer everything must come to its end, and no commit may wait for long. */
function beside(groups, idleStallMs) {
  const written = groups.filter(({ hasWriter, of }) => hasWriter && of[OWN] !== undefined).map(({ of }) => of[OWN]);
  if (written.length === 0 || idleStallMs === undefined) return [];
  const bad = written.filter(({ ended }) => ended !== 'ok');
  const longer = Math.max(...written.map(({ stallMs }) => stallMs ?? 0)) - idleStallMs;
  return [
    {
      claim: 'First and repeated backups come to their end beside a writer',
      asked: 'all',
      figure: bad.length === 0 ? 'all' : bad[0].ended,
      isMet: bad.length === 0,
    },
    {
      claim: 'The slowest commit beside a backup takes longer than without one by',
      asked: `at most ${figures(STALL_MS)} ms`,
      figure: `${figures(longer)} ms`,
      isMet: longer <= STALL_MS,
    },
  ];
}

/** Time of one as a part of that of the fastest of some others. Empty where one of the two was not measured. */
function time(claim, of, { own = OWN, others, limit }) {
  const value = of[own]?.values?.wallS;
  const base = Math.min(...others.map((other) => of[other]?.values?.wallS ?? Number.POSITIVE_INFINITY));
  return value === undefined || base === Number.POSITIVE_INFINITY ? [] : [ratio(claim, { value, base, limit })];
}

function ratio(claim, { value, base, limit, negligible = 0 }) {
  const part = Math.max(value, negligible) / Math.max(base, negligible);
  return { claim, asked: `at most ${figures(limit)}×`, figure: `${figures(part)}×`, isMet: part <= limit };
}

/** What is stored in a day beside what changed. */
function growth({ pattern, of }) {
  const values = of[OWN]?.values;
  if (values?.changed === undefined) return [];
  const sizes = { value: values.grown, base: values.changed, negligible: NEGLIGIBLE_BYTES };
  return [ratio(`Stored of what changed, compressed: ${pattern}`, { ...sizes, limit: GROWTH })];
}

function stored(of) {
  const own = of[OWN]?.values;
  return ['borgmatic', 'restic']
    .filter((name) => own !== undefined && of[name]?.values !== undefined)
    .map((name) => {
      const sizes = { value: own.grown, base: of[name].values.grown, negligible: NEGLIGIBLE_BYTES };
      return ratio(`Stored of a tracker's day, beside ${of[name].title}`, { ...sizes, limit: 1 / 20 });
    });
}

/** The repository after a month of a tracker's days. */
function month({ runs, options, sizes }) {
  const own = runs.filter(({ contestant, pattern }) => contestant === OWN && ['first', 'tracker-like'].includes(pattern));
  const isMonth = options.days >= DAYS_OF_MONTH && options.patterns.join(',') === 'tracker-like';
  if (!isMonth || own.length <= DAYS_OF_MONTH || own.some(({ ended }) => ended !== 'ok')) return [];
  const total = own.slice(0, DAYS_OF_MONTH + 1).reduce((sum, { grown }) => sum + grown, 0);
  return [
    {
      claim: `The repository after ${DAYS_OF_MONTH} of a tracker's days`,
      asked: `at most ${formatBytes(MONTH * sizes[0])}`,
      figure: formatBytes(total),
      isMet: total <= MONTH * sizes[0],
    },
  ];
}

function restored({ source, deltas, fullS, chainedS, isSame }) {
  const limit = source.startsWith('sqlite') ? 1.3 : 2;
  const judged = ratio(`Restore of ${source} from ${deltas ?? 'some'} deltas, beside a full copy`, {
    value: chainedS,
    base: fullS,
    limit,
  });
  return { ...judged, figure: `${judged.figure}${isSame ? '' : ', not the same bytes'}`, isMet: judged.isMet && isSame };
}
