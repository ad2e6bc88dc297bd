import { execFile } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { formatBytes } from '../size.mjs';

const run = promisify(execFile);
const TOOLS = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), '.tools/bench');

/** What the numbers depend on: machine, file system and versions. */
export async function describeMachine(directory, path) {
  const ask = async (program, args) => {
    const env = { ...process.env, PATH: `${path}:${TOOLS}/venv/bin:${TOOLS}/borg/bin` };
    const output = await run(program, args, { env }).catch(() => undefined);
    return output?.stdout.split('\n').at(0)?.trim() ?? 'missing';
  };
  const cpu = cpus().at(0);
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    hardware: `${cpus().length} × ${cpu?.model ?? 'CPU'}, ${formatBytes(totalmem())} of memory, ${await ask('findmnt', ['-no', 'FSTYPE', '-T', directory])}, Linux ${release()}`,
    load: loadavg()[0],
    versions: [
      await ask('restic', ['version']),
      `sqlite3 ${(await ask('sqlite3', ['--version'])).split(' ')[0]}`,
      (await ask('mysqldump', ['--version'])).replace(/^.*?([\d.]+)-MariaDB.*$/, 'MariaDB $1'),
      await ask('borg', ['--version']),
      `borgmatic ${await ask('borgmatic', ['--version'])}`,
      `Node ${process.version}`,
    ],
  };
}
