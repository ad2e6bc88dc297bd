// Backs up the same databases, day by day, in every way that a user might, and prints what each cost as ratios. What runs here are
// the tools' real command lines on real databases; nothing of it may ever reach into Holdfast's own code.
// Built-in modules only. `scripts/setup.mjs` and `npm run build` have run before.
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Children } from '../scripts/demo/children.mjs';
import { parseOptions, USAGE } from './options.mjs';
import { describeMachine } from './report/machine.mjs';
import { renderReport } from './report/report.mjs';
import { writeDocument } from './report/write-document.mjs';
import { Tournament } from './tournament.mjs';
import { Workload } from './workload/subject.mjs';

const ROOT = join(dirname(dirname(fileURLToPath(import.meta.url))));
const PATH = [join(ROOT, '.tools/bin'), process.env.PATH, '/usr/sbin'].join(delimiter);

async function main() {
  const options = parseOptions(process.argv.slice(2));
  if (options.isHelp) {
    console.log(USAGE);
    return;
  }
  const measured = options.from === undefined ? await measureAll(options) : JSON.parse(await readFile(options.from, 'utf8'));
  console.log(`\n${renderReport(measured)}`);
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(measured, undefined, 2)}\n`);
  if (options.write) await writeDocument(join(ROOT, 'docs'), measured);
}

async function measureAll(options) {
  if (options.directory !== undefined) await mkdir(options.directory, { recursive: true });
  const directory = await mkdtemp(join(options.directory ?? tmpdir(), 'holdfast-bench-'));
  const children = new Children({ ...process.env, PATH });
  children.removeAtEnd(directory);
  try {
    const workload = new Workload(children, directory, options);
    const outcome = await new Tournament({ workload, directory, options, path: PATH }).run();
    return { options, machine: await describeMachine(directory, PATH), ...outcome };
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
