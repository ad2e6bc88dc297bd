// The tools that Holdfast starts: how each is recognised, from which version on it will do, and what its packages are called.
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { capture, look } from './run.mjs';
import { findVersion, isAtLeast } from './versions.mjs';

/**
 * @typedef {object} Tool
 * @property {string} name
 * @property {string[]} programs names of the same program; the first that is found counts
 * @property {string} minimum
 * @property {string} why what needs that version
 * @property {string[]} version arguments that make it print its version
 * @property {RegExp} [kind] what that output must say, where other programs go by the same name
 * @property {Partial<Record<'apt' | 'dnf' | 'apk' | 'pacman' | 'zypper' | 'brew', string>>} packages
 * @property {string} [site] where it is had when no package manager has it
 */

/** @type {Record<string, Tool>} */
export const TOOLS = {
  temporal: {
    name: 'Temporal CLI',
    programs: ['temporal'],
    minimum: '1.9.0',
    why: 'its dev server is the one that Holdfast is tested with',
    version: ['--version'],
    packages: { brew: 'temporal' },
    site: 'https://docs.temporal.io/cli/setup-cli',
  },
  restic: {
    name: 'restic',
    programs: ['restic'],
    minimum: '0.17.1',
    why: 'its exit codes tell a wrong password from a missing repository',
    version: ['version'],
    packages: { apk: 'restic', pacman: 'restic', brew: 'restic' },
    site: 'https://restic.readthedocs.io/en/stable/020_installation.html',
  },
  sqlite3: {
    name: 'sqlite3',
    programs: ['sqlite3'],
    minimum: '3.33.0',
    why: 'it knows sqlite_schema',
    version: ['--version'],
    packages: { apt: 'sqlite3', dnf: 'sqlite', apk: 'sqlite', pacman: 'sqlite', zypper: 'sqlite3', brew: 'sqlite' },
  },
  zstd: {
    name: 'zstd',
    programs: ['zstd'],
    minimum: '1.4.5',
    why: 'it knows --patch-from',
    version: ['--version'],
    packages: { apt: 'zstd', dnf: 'zstd', apk: 'zstd', pacman: 'zstd', zypper: 'zstd', brew: 'zstd' },
  },
  tar: {
    name: 'GNU tar',
    programs: ['tar'],
    minimum: '1.28',
    why: 'it sorts an archive by name',
    version: ['--version'],
    kind: /GNU tar/,
    packages: { apt: 'tar', dnf: 'tar', apk: 'tar', pacman: 'tar', zypper: 'tar', brew: 'gnu-tar' },
  },
  databaseClient: {
    name: 'MariaDB or MySQL client',
    programs: ['mariadb', 'mysql'],
    minimum: '5.7',
    why: 'older servers are not supported',
    version: ['--version'],
    packages: {
      apt: 'mariadb-client',
      dnf: 'mariadb',
      apk: 'mariadb-client',
      pacman: 'mariadb-clients',
      zypper: 'mariadb-client',
      brew: 'mariadb',
    },
  },
  databaseDump: {
    name: 'mariadb-dump or mysqldump',
    programs: ['mariadb-dump', 'mysqldump'],
    minimum: '5.7',
    why: 'older servers are not supported',
    version: ['--version'],
    packages: {
      apt: 'mariadb-client',
      dnf: 'mariadb',
      apk: 'mariadb-client',
      pacman: 'mariadb-clients',
      zypper: 'mariadb-client',
      brew: 'mariadb',
    },
  },
};

/** Tools of a MariaDB server that is started for the demo or a test. The packages are those without a service of their own. */
export const MARIADB_SERVER = {
  mariadbServer: {
    name: 'MariaDB server',
    programs: ['mariadbd'],
    minimum: '10.6',
    why: 'older servers are not supported',
    version: ['--version'],
    kind: /MariaDB/,
    packages: {
      apt: 'mariadb-server-core',
      dnf: 'mariadb-server',
      apk: 'mariadb',
      pacman: 'mariadb',
      zypper: 'mariadb',
      brew: 'mariadb',
    },
  },
  mariadbInstall: {
    name: 'mariadb-install-db',
    programs: ['mariadb-install-db'],
    minimum: '0',
    why: '',
    version: [],
    packages: {
      apt: 'mariadb-server-core',
      dnf: 'mariadb-server',
      apk: 'mariadb',
      pacman: 'mariadb',
      zypper: 'mariadb',
      brew: 'mariadb',
    },
  },
};

/** Where servers live that are not on the PATH of an ordinary user. */
const SYSTEM_DIRECTORIES = ['/usr/sbin', '/usr/local/sbin', '/usr/libexec'];

/**
 * @typedef {object} Finding
 * @property {Tool} tool
 * @property {'good' | 'old' | 'broken' | 'missing'} state
 * @property {string} [file]
 * @property {string} [version]
 */

/** Looks at one file that goes by the name of a tool. @returns {Promise<Finding>} */
export async function examine(tool, file) {
  if (tool.version.length === 0) return { tool, file, state: 'good', version: '' };
  const { code, output } = await capture(file, tool.version, { timeout: 20_000 });
  const version = findVersion(output);
  if (code !== 0 || version === undefined || tool.kind?.test(output) === false) return { tool, file, state: 'broken' };
  return { tool, file, version, state: isAtLeast(version, tool.minimum) ? 'good' : 'old' };
}

/**
 * Finds a tool: on the PATH if it is new enough, else the local copy, else where servers live. Something found there is linked
 * into `.tools/bin`, since nobody else would find it.
 *
 * @param {Tool} tool
 * @param {import('./context.mjs').Context} context
 * @returns {Promise<Finding>} when nothing will do, what is wrong with the one on the PATH
 */
export async function find(tool, context) {
  const first = (path, without) => tool.programs.map((program) => look(program, path, without)).find(Boolean);
  const onPath = first(context.env.PATH ?? '', context.bin);
  const found = onPath === undefined ? { tool, state: 'missing' } : await examine(tool, onPath);
  if (found.state === 'good') return found;
  const local = first(context.bin);
  const copy = local === undefined ? undefined : await examine(tool, local);
  if (copy?.state === 'good') return copy;
  const hidden = onPath === undefined ? first(SYSTEM_DIRECTORIES.join(delimiter)) : undefined;
  const server = hidden === undefined ? undefined : await examine(tool, hidden);
  if (server?.state !== 'good') return server ?? found;
  link(server.file, join(context.bin, tool.programs[0]));
  return server;
}

function link(target, file) {
  mkdirSync(join(file, '..'), { recursive: true });
  rmSync(file, { force: true });
  symlinkSync(target, file);
}

/** Says in one sentence what is wrong with a tool: its name, what was found and what is needed. */
export function describe({ tool, state, file, version }) {
  const need = `at least ${tool.minimum} is needed`;
  if (state === 'old') return `${tool.name} ${version} (${file}) is too old: ${need}, because ${tool.why}`;
  if (state === 'broken') return `${file} does not answer as ${tool.name} does: ${need}`;
  return tool.version.length === 0 ? `${tool.name} is missing` : `${tool.name} is missing: ${need}`;
}
