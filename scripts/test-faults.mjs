// What `npm run test:faults` runs: the long tests of faults, with the arguments given, then what they found as tables. Ends with 0 only
// if every test passed and nothing falls short.
//
// `--keep FILE` collects what is found there, also over several runs: what holds already is not struck again, so that the hours can be
// spent in parts, and a part that breaks off is gone on with. `--from FILE` shows what is collected and tests nothing. `--write` keeps
// the tables in docs/faults.md.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderFaults } from './faults/render-faults.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const DOCUMENT = join(ROOT, 'docs/faults.md');
const BEGIN = '<!-- written by npm run test:faults -- --write -->';

const given = process.argv.slice(2);
const isWritten = takeFlag('--write', 0) !== undefined;
const from = takeFlag('--from', 1);
const kept = takeFlag('--keep', 1);

const status = from === undefined ? testInto(kept) : { code: 0, results: readResults(from) };
const text = renderFaults(status.results);
console.log(`\n${text}`);
if (isWritten) write(text, status.results);
process.exit(status.code || Number(status.results.some(({ problems }) => problems.length > 0)));

/** Takes a flag, and its value if it has one, out of what Jest is given. */
function takeFlag(name, values) {
  const at = given.indexOf(name);
  return at < 0 ? undefined : resolve(given.splice(at, values + 1).at(-1));
}

function testInto(file) {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-faults-'));
  const results = file ?? join(directory, 'results.jsonl');
  const { status } = spawnSync(process.execPath, ['scripts/test.mjs', '--config', 'jest.faults.config.js', ...given], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, HOLDFAST_FAULT_RESULTS: results },
  });
  const found = readResults(results);
  rmSync(directory, { recursive: true });
  return { code: status ?? 1, results: found };
}

/** The last result of each id. */
function readResults(file) {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  return [...new Map(lines.map((line) => JSON.parse(line)).map((result) => [result.id, result])).values()];
}

function write(text, results) {
  const days = [...new Set(results.map(({ at }) => at.slice(0, 10)))].toSorted((a, b) => a.localeCompare(b));
  const where = `${days.join(', ')}, Node ${process.versions.node}, ${process.platform} ${process.arch}, ${cpus().length} cores`;
  const [before] = readFileSync(DOCUMENT, 'utf8').split(BEGIN);
  writeFileSync(DOCUMENT, `${before}${BEGIN}\n\nMeasured: ${where}.\n\n${text}`);
}
