import { YARDSTICKS } from '../contestants/all.mjs';

/** Repositories grow by some KB with no data at all: a snapshot, a tree. */
export const NEGLIGIBLE_BYTES = 100_000;
export const NEGLIGIBLE_S = 0.01;

/** @param {number[]} values at least one */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** @param {number[]} values at least one */
export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * What one contestant's days of one pattern took: medians of times, means of growth and of what changed (compressed, where it is known), the
 * highest of memory, disk and stalls.
 *
 * Days that did not end well count in `ended` alone: what a backup that is none has cost says nothing.
 *
 * @param {import('../types.d.ts').Run[]} runs
 */
export function summarise(runs) {
  const good = runs.filter((run) => run.ended === 'ok');
  const bad = runs.filter((run) => run.ended !== 'ok');
  const stalls = runs.map((run) => run.stallMs).filter((stall) => stall !== undefined);
  const shared = {
    ended: bad.length === 0 ? 'ok' : `${bad[0].ended}${runs.length > 1 ? `, ${bad.length} of ${runs.length}` : ''}`,
    stallMs: stalls.length === 0 ? undefined : Math.max(...stalls),
  };
  if (good.length === 0) return { ...shared, values: undefined };
  const all = (name) => good.map((run) => run[name]);
  const compressed = good.map(({ changed }) => changed?.sqlite + changed?.mysql);
  return {
    ...shared,
    values: {
      changed: compressed.some(Number.isNaN) ? undefined : mean(compressed),
      wallS: median(all('wallS')),
      cpuS: median(all('cpuS')),
      grown: mean(all('grown')),
      peakRss: Math.max(...all('peakRss')),
      diskPeak: Math.max(...all('diskPeak')),
      diskLeft: Math.max(...all('diskLeft')),
    },
  };
}

/** How many times as much as the baseline: `1.0×`, `0.04×`, `210×`. Both below `negligible` are the same. */
export function formatRatio(value, baseline, negligible) {
  if (baseline === undefined || value === undefined) return '';
  if (value <= negligible && baseline <= negligible) return '1×';
  const ratio = Math.max(value, negligible) / Math.max(baseline, negligible);
  if (ratio >= 9.95) return `${Math.round(ratio)}×`;
  if (ratio >= 0.995) return `${ratio.toFixed(1)}×`;
  return ratio >= 0.0095 ? `${ratio.toFixed(2)}×` : `${Number(ratio.toPrecision(1))}×`;
}

/**
 * Whom the others are compared with: what a careful user would otherwise run; else the first that is neither Holdfast nor a yardstick.
 *
 * @param {string[]} names
 */
export function chooseBaseline(names) {
  const candidates = names.filter((name) => !name.startsWith('holdfast') && !YARDSTICKS.includes(name));
  return candidates.includes('restic') ? 'restic' : (candidates[0] ?? names[0]);
}
