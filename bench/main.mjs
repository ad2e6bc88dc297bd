// Backs up the same databases, day by day, in every way that a user might, and prints what each cost as ratios. What runs here are
// the tools' real command lines on real databases; nothing of it may ever reach into Holdfast's own code.
// Built-in modules only. `scripts/setup.mjs` and `npm run build` have run before.
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Children } from '../scripts/demo/children.mjs';
import { parseOptions } from './options.mjs';
import { describeMachine } from './report/machine.mjs';
import { renderReport } from './report/report.mjs';
import { writeDocument } from './report/write-document.mjs';
import { Tournament } from './tournament.mjs';
import { USAGE } from './usage.mjs';
import { Workload } from './workload/subject.mjs';

const ROOT = join(dirname(dirname(fileURLToPath(import.meta.url))));
const PATH = [join(ROOT, '.tools/bin'), process.env.PATH, '/usr/sbin'].join(delimiter);

async function main() {
  const options = parseOptions(process.argv.slice(2));
  if (options.isHelp) console.log(USAGE);
  else if (options.isPrepareOnly) await inDirectory(options, (workload) => workload.createSqlite());
  else await report(options.from === undefined ? await measureAll(options) : await readMeasured(options), options);
}

async function report(measured, { json, write }) {
  // Kept first: what took an hour must not be lost by a mistake in the words about it.
  if (json !== undefined) await writeFile(json, `${JSON.stringify(measured, undefined, 2)}\n`);
  console.log(`\n${renderReport(measured)}`);
  if (write !== undefined) await writeDocument(join(ROOT, 'docs'), write, measured);
}

async function readMeasured({ from, note }) {
  const measured = JSON.parse(await readFile(from, 'utf8'));
  return note === '' ? measured : { ...measured, options: { ...measured.options, note } };
}

function measureAll(options) {
  return inDirectory(options, async (workload, directory) => {
    const loadBefore = loadavg()[0];
    const outcome = await new Tournament({ workload, directory, options, path: PATH }).run();
    return { options, machine: { ...(await describeMachine(directory, PATH)), loadBefore }, ...outcome };
  });
}

async function inDirectory(options, body) {
  if (options.directory !== undefined) await mkdir(options.directory, { recursive: true });
  const directory = await mkdtemp(join(options.directory ?? tmpdir(), 'holdfast-bench-'));
  const children = new Children({ ...process.env, PATH });
  children.removeAtEnd(directory);
  try {
    return await body(new Workload(children, directory, options), directory);
  } finally {
    await children.stopAll();
  }
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}
