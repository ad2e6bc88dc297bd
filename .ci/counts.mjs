// Prints the counts of a Jest result file as `N passed, N failed[, N skipped]`; fails when a test failed or none ran.
import { existsSync, readFileSync } from 'node:fs';

const [file] = process.argv.slice(2);

function count() {
  if (!existsSync(file)) {
    process.stderr.write('Jest wrote no results, so there is nothing to count\n');
    return false;
  }
  const result = JSON.parse(readFileSync(file, 'utf8'));
  const { numPassedTests: passed, numFailedTests: failed, numRuntimeErrorTestSuites: broken } = result;
  const skipped = result.numPendingTests + result.numTodoTests;
  if (broken > 0) process.stderr.write(`${broken} test files could not be run at all; their tests are not counted\n`);
  process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
  return failed === 0 && broken === 0 && passed > 0;
}

process.exitCode = count() ? 0 : 1;
