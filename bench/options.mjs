import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CONTESTANTS } from './contestants/all.mjs';
import { SECTIONS } from './report/sections.mjs';
import { parseSize } from './size.mjs';
import { USAGE } from './usage.mjs';
import { PATTERNS } from './workload/mariadb.mjs';

const OPTIONS = {
  size: { type: 'string' },
  'mysql-size': { type: 'string' },
  days: { type: 'string' },
  pattern: { type: 'string' },
  only: { type: 'string' },
  next: { type: 'string' },
  writer: { type: 'string' },
  memory: { type: 'string' },
  limit: { type: 'string', default: '600' },
  'restore-chain': { type: 'boolean', default: false },
  'skip-restore': { type: 'boolean' },
  subject: { type: 'string' },
  prepare: { type: 'boolean', default: false },
  directory: { type: 'string' },
  seed: { type: 'string', default: 'holdfast' },
  note: { type: 'string' },
  write: { type: 'string' },
  json: { type: 'string' },
  from: { type: 'string' },
  help: { type: 'boolean', default: false },
};

/** What fits most databases. */
const USUAL = {
  days: '3',
  pattern: 'unchanged,tracker-like',
  only: Object.keys(CONTESTANTS).join(','),
  next: '',
  writer: 'no',
  memory: 'as-left',
  'skip-restore': false,
};

/** From this size on most contestants take hours, or never end beside a writer, and a disk does not hold all of their repositories. */
const LARGE_BYTES = 10e9;

/** What fits a large one, of which memory may hold all or next to nothing: once it is read from the disk, and once it is in memory. */
const LARGE = {
  'mysql-size': '0',
  days: '2',
  pattern: 'pages-2',
  only: 'read,holdfast-incremental',
  next: 'restic-raw',
  writer: 'yes',
  memory: 'both',
  'skip-restore': true,
};

/** Whether a backup finds the database in memory: as it comes, or on one day not at all and on the next all of it. */
const MEMORIES = ['as-left', 'both'];

const WRITERS = { no: [false], yes: [true], both: [false, true] };

/** Returns fewer when it was asked for help or for what was measured earlier. @param {string[]} argv @throws with what is wrong about them */
export function parseOptions(argv) {
  const { values: given } = parseArgs({ args: argv, options: OPTIONS });
  if (given.help) return { isHelp: true };
  const target = { write: section(given.write), json: given.json, note: given.note ?? '' };
  if (given.from !== undefined) return { from: given.from, ...target };
  if (given.size === undefined) throw new Error(`--size is missing\n\n${USAGE}`);
  const size = parseSize(given.size);
  const values = { ...USUAL, ...(size >= LARGE_BYTES ? LARGE : {}), ...given };
  return {
    ...target,
    size,
    mysqlSize: values['mysql-size'] === undefined ? Math.round(size / 5) : parseSize(values['mysql-size']),
    days: positive('days', values.days),
    patterns: names('pattern', values.pattern, PATTERNS),
    only: names('only', values.only, Object.keys(CONTESTANTS)),
    next: values.next === '' ? [] : names('next', values.next, Object.keys(CONTESTANTS)),
    writers: WRITERS[names('writer', values.writer, Object.keys(WRITERS))[0]],
    memory: names('memory', values.memory, MEMORIES)[0],
    limitMs: positive('limit', values.limit) * 1000,
    restoreChain: values['restore-chain'],
    skipRestore: values['skip-restore'],
    subject: absolute(values.subject),
    isPrepareOnly: values.prepare,
    directory: absolute(values.directory),
    seed: values.seed,
    commandLine: `npm run bench -- ${argv.map((arg) => (/^[\w.,=/-]+$/.test(arg) ? arg : JSON.stringify(arg))).join(' ')}`,
  };
}

const absolute = (path) => (path === undefined ? undefined : resolve(path));

function section(name) {
  if (name !== undefined && !SECTIONS.includes(name)) throw new Error(`--write ${name}: not one of ${SECTIONS.join(', ')}`);
  return name;
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
