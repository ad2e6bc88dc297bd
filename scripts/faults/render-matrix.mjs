import { renderTable } from '../../bench/report/table.mjs';

const MOMENTS = ['start', 'middle', 'end'];

/**
 * The cells of the matrix, a table for each of what was struck.
 *
 * @param cells what test/system/faults/cell.ts recorded, in any order
 */
export function renderMatrix(cells) {
  return [...new Set(cells.map(({ subject }) => subject))].map((subject) => renderSubject(subject, cells));
}

function renderSubject(subject, cells) {
  const rows = new Map();
  for (const cell of cells.filter((other) => other.subject === subject)) {
    const key = JSON.stringify([cell.phase, cell.fault]);
    rows.set(key, [...(rows.get(key) ?? []), cell]);
  }
  const lines = [...rows].map(([key, row]) => [
    ...JSON.parse(key),
    ...MOMENTS.map((moment) => renderCell(row, moment)),
    ...counts(row),
  ]);
  return `### ${subject}\n\n${renderTable(['phase', 'fault', ...MOMENTS, 'snapshots', 'leftovers'], lines)}`;
}

function renderCell(row, wanted) {
  const cell = row.find(({ moment }) => moment === wanted);
  if (cell === undefined) return '';
  const outcome = `${cell.problems.length === 0 ? '' : 'FALLS SHORT '}${cell.outcome.toLowerCase().slice(0, 10)}`;
  // Nothing goes on after the end by force.
  return cell.fault === 'terminate' || cell.outcome === 'not struck' ? outcome : `${outcome} ${cell.seconds.toFixed(1)} s`;
}

function counts(row) {
  const leftovers = row.reduce((sum, { problems }) => sum + problems.length, 0);
  const snapshots = MOMENTS.flatMap((wanted) => row.filter(({ moment, subject }) => moment === wanted && subject === 'backup'));
  return [snapshots.map((cell) => cell.snapshots).join(' '), String(leftovers)];
}
