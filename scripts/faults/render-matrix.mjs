// The results of the matrix, one line of JSON a cell, as Markdown that can be read in a terminal as well.

const MOMENTS = ['start', 'middle', 'end'];

/** @param cells what test/system/faults/cell.ts appended, in any order */
export function renderMatrix(cells) {
  const subjects = [...new Set(cells.map(({ subject }) => subject))];
  const short = cells.filter(({ problems }) => problems.length > 0);
  const sum = `${cells.length} cells, ${short.length} fall short.`;
  return `${[sum, ...subjects.map((subject) => renderSubject(subject, cells)), ...short.map(renderProblem)].join('\n\n')}\n`;
}

function renderSubject(subject, cells) {
  const own = cells.filter((cell) => cell.subject === subject);
  const rows = new Map();
  for (const cell of own) {
    const key = JSON.stringify([cell.phase, cell.fault]);
    rows.set(key, [...(rows.get(key) ?? []), cell]);
  }
  const lines = [...rows].map(([key, row]) => [
    ...JSON.parse(key),
    ...MOMENTS.map((moment) => renderCell(row, moment)),
    ...counts(row),
  ]);
  return `### ${subject}\n\n${renderTable([['phase', 'fault', ...MOMENTS, 'snapshots', 'leftovers'], ...lines])}`;
}

function renderCell(row, wanted) {
  const cell = row.find(({ moment }) => moment === wanted);
  if (cell === undefined) return '';
  return `${cell.problems.length === 0 ? '' : 'FALLS SHORT '}${cell.outcome.toLowerCase().slice(0, 10)} ${cell.seconds.toFixed(1)} s`;
}

function counts(row) {
  const isBackup = row.some(({ subject }) => subject === 'backup');
  const leftovers = row.reduce((sum, { problems }) => sum + problems.length, 0);
  return [isBackup ? row.map(({ snapshots }) => snapshots).join(' ') : '', String(leftovers)];
}

function renderTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const [head, ...body] = rows.map((row) => `| ${row.map((text, column) => text.padEnd(widths[column])).join(' | ')} |`);
  return [head, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...body].join('\n');
}

function renderProblem({ subject, phase, moment, fault, problems }) {
  return `${subject}, ${fault} at the ${moment} of ${phase}: ${problems.join('; ')}`;
}
