import { renderTable } from '../../bench/report/table.mjs';

/**
 * The runs that were struck at random: how they ended, by fault.
 *
 * @param strikes what test/system/faults/soak.ts recorded, in any order
 * @returns Markdown, none without a run
 */
export function renderSoak(strikes) {
  if (strikes.length === 0) return [];
  const seeds = [...new Set(strikes.map(({ seed }) => seed))];
  const runs = seeds.map((seed) => `${strikes.filter((run) => run.seed === seed).length} of seed ${seed}`);
  const faults = [...new Set(strikes.map(({ fault }) => fault))].toSorted((a, b) => a.localeCompare(b));
  const lines = faults.map((fault) =>
    renderFault(
      fault,
      strikes.filter((run) => run.fault === fault),
    ),
  );
  const head = ['fault', 'runs', 'completed', 'cancelled', 'terminated', 'fall short'];
  const sum = renderFault('all', strikes);
  return [`### runs in a row, struck at random\n\nRuns: ${runs.join(', ')}.\n\n${renderTable(head, [...lines, sum])}`];
}

function renderFault(fault, runs) {
  const ended = ['COMPLETED', 'CANCELLED', 'TERMINATED'].map((outcome) => runs.filter((run) => run.outcome === outcome).length);
  return [fault, runs.length, ...ended, runs.filter(({ problems }) => problems.length > 0).length].map(String);
}
