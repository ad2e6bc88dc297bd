import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { CONTESTANTS } from './contestants/all.mjs';
import { parseSize } from './size.mjs';
import { PATTERNS } from './workload/mariadb.mjs';

export const USAGE = `usage: npm run bench -- --size 1.5GB [options]

  --size BYTES        of the SQLite database: 50MB, 1.5GB
  --mysql-size BYTES  of the MariaDB database; a fifth of --size when left out, 0 for none
  --days N            days of each pattern after the first backup; 3 when left out
  --pattern LIST      of ${PATTERNS.join(', ')}; unchanged,tracker-like when left out
  --only LIST         of ${Object.keys(CONTESTANTS).join(', ')}
  --writer            another process commits to the SQLite database 20 times a second, all the time
  --limit SECONDS     a backup that takes longer is cut off; 600 when left out
  --directory DIR     where to work; a new directory in ${tmpdir()} when left out. It is removed at the end.
  --seed TEXT         other data; "holdfast" when left out
  --note TEXT         what else there is to know about this run, for the report
  --write             replaces the tables in docs/benchmarks.md and the picture docs/benchmarks.svg
  --json FILE         all that was measured, for other tools
  --from FILE         shows (and with --write writes) what an earlier --json kept; measures nothing
  --help              this
`;

const OPTIONS = {
  size: { type: 'string' },
  'mysql-size': { type: 'string' },
  days: { type: 'string', default: '3' },
  pattern: { type: 'string', default: 'unchanged,tracker-like' },
  only: { type: 'string', default: Object.keys(CONTESTANTS).join(',') },
  writer: { type: 'boolean', default: false },
  limit: { type: 'string', default: '600' },
  directory: { type: 'string' },
  seed: { type: 'string', default: 'holdfast' },
  note: { type: 'string', default: '' },
  write: { type: 'boolean', default: false },
  json: { type: 'string' },
  from: { type: 'string' },
  help: { type: 'boolean', default: false },
};

/** Returns fewer when it was asked for help or for what was measured earlier. @param {string[]} argv @throws with what is wrong about them */
export function parseOptions(argv) {
  const { values } = parseArgs({ args: argv, options: OPTIONS });
  if (values.help) return { isHelp: true };
  if (values.from !== undefined) return { from: values.from, write: values.write };
  if (values.size === undefined) throw new Error(`--size is missing\n\n${USAGE}`);
  const size = parseSize(values.size);
  return {
    size,
    mysqlSize: values['mysql-size'] === undefined ? Math.round(size / 5) : parseSize(values['mysql-size']),
    days: positive('days', values.days),
    patterns: names('pattern', values.pattern, PATTERNS),
    only: names('only', values.only, Object.keys(CONTESTANTS)),
    hasWriter: values.writer,
    limitMs: positive('limit', values.limit) * 1000,
    directory: values.directory,
    seed: values.seed,
    note: values.note,
    write: values.write,
    json: values.json,
    commandLine: `npm run bench -- ${argv.map((arg) => (/^[\w.,=/-]+$/.test(arg) ? arg : JSON.stringify(arg))).join(' ')}`,
  };
}

function positive(name, text) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} ${text}: must be a whole number from 1 on`);
  return value;
}

function names(option, text, known) {
  const list = text.split(',');
  const unknown = list.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`--${option} ${unknown.join(',')}: not one of ${known.join(', ')}`);
  return list;
}
