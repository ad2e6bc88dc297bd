import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** Where `npm run test:faults` collects what became of each strike: a line of JSON each, of which the last of an id counts. */
const FILE = process.env['HOLDFAST_FAULT_RESULTS'];

interface Result {
  /** What was struck and how, in words, as the test is called. */
  id: string;
  /** What falls short, in words; empty for what holds. */
  problems: string[];
}

/** Keeps a result, with the time. */
export function recordResult(result: Result): void {
  if (FILE !== undefined) appendFileSync(FILE, `${JSON.stringify({ ...result, at: new Date().toISOString() })}\n`);
}

/** Has what is due fall short until it has been struck: a lane that dies must not make the table look whole. */
export function recordDue(due: readonly Result[]): void {
  const known = new Set(readResults().map(({ id }) => id));
  for (const result of due) {
    if (!known.has(result.id)) recordResult({ ...result, problems: ['was not struck'] });
  }
}

/** Whether it held already, in an earlier part of the same collection. */
export function hasHeld(id: string): boolean {
  return readResults().findLast((result) => result.id === id)?.problems.length === 0;
}

function readResults(): Result[] {
  if (FILE === undefined || !existsSync(FILE)) return [];
  const lines = readFileSync(FILE, 'utf8').trim().split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Result);
}
