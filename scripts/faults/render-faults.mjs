// What the fault tests found, as Markdown that can be read in a terminal as well.
import { renderMatrix } from './render-matrix.mjs';
import { renderSoak } from './render-soak.mjs';

/** @param results what test/system/faults/results.ts recorded, one of each id */
export function renderFaults(results) {
  const cells = results.filter(({ subject }) => subject !== undefined);
  const strikes = results.filter(({ seed }) => seed !== undefined);
  return `${[renderSum(cells, strikes), ...renderMatrix(cells), ...renderSoak(strikes), ...renderShort(results)].join('\n\n')}\n`;
}

function renderSum(cells, strikes) {
  const fallShort = (results) => results.filter(({ problems }) => problems.length > 0).length;
  return [
    `- ${cells.length} cells, ${fallShort(cells)} fall short; ${strikes.length} runs struck at random, ${fallShort(strikes)} fall short.`,
    `- Slowest to go on after \`kill -9\` of the worker: ${slowest(cells, 'kill worker')}.`,
    `- Slowest to be rid of its children after a cancel: ${slowest(cells, 'cancel')}.`,
  ].join('\n');
}

function slowest(cells, fault) {
  const [cell] = cells.filter((other) => other.fault === fault).sort((a, b) => b.seconds - a.seconds);
  return cell === undefined ? 'none' : `${cell.seconds.toFixed(1)} s, ${cell.subject} at the ${cell.moment} of ${cell.phase}`;
}

function renderShort(results) {
  const lines = results
    .filter(({ problems }) => problems.length > 0)
    .map(({ id, problems }) => `- ${id}: ${problems.join('; ')}`);
  return lines.length === 0 ? [] : [`### What falls short\n\n${lines.join('\n')}`];
}
