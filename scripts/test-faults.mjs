// What `npm run test:faults` runs: the long tests of faults, with the arguments given, then the matrix as a table.
// `--write` keeps the table in docs/faults.md. Ends with 0 only if every test passed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderMatrix } from './faults/render-matrix.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const DOCUMENT = join(ROOT, 'docs/faults.md');
const BEGIN = '<!-- written by npm run test:faults -- --write -->';

const given = process.argv.slice(2);
const directory = mkdtempSync(join(tmpdir(), 'holdfast-faults-'));
const results = join(directory, 'results.jsonl');
const tests = ['scripts/test.mjs', '--config', 'jest.faults.config.js', ...given.filter((flag) => flag !== '--write')];
const { status } = spawnSync(process.execPath, tests, {
  cwd: ROOT,
  stdio: 'inherit',
  env: { ...process.env, HOLDFAST_FAULT_RESULTS: results },
});
const cells = existsSync(results)
  ? readFileSync(results, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  : [];
rmSync(directory, { recursive: true });
const table = renderMatrix(cells);
console.log(`\n${table}`);
if (given.includes('--write')) {
  const where = `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${process.platform} ${process.arch}, ${cpus().length} cores`;
  const [kept] = readFileSync(DOCUMENT, 'utf8').split(BEGIN);
  writeFileSync(DOCUMENT, `${kept}${BEGIN}\n\nMeasured: ${where}.\n\n${table}`);
}
process.exit(status ?? 1);
