// Prints the counts of a Jest result file as `N passed, N failed[, N skipped]`; fails when a test failed or none ran.
import { readFileSync } from 'node:fs';

const [file] = process.argv.slice(2);
const result = JSON.parse(readFileSync(file, 'utf8'));
const skipped = result.numPendingTests + result.numTodoTests;
const { numPassedTests: passed, numFailedTests: failed, numRuntimeErrorTestSuites: broken } = result;
if (broken > 0) console.error(`${broken} test files could not be run at all; their tests are not counted`);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 || broken > 0 || passed === 0 ? 1 : 0;
