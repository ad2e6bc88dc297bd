// A real MySQL server and client for the tests, beside a MariaDB that goes by the same names: the packages of a Debian or Ubuntu
// suite with all they depend on, unpacked into a tree of their own below `.tools`. Nothing of it is ever installed.
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './context.mjs';
import { capture, must } from './run.mjs';
import { openSuite } from './suite.mjs';
import { findVersion } from './versions.mjs';

const PROGRAMS = {
  mysqld: 'usr/sbin/mysqld',
  mysql: 'usr/bin/mysql',
  mysqldump: 'usr/bin/mysqldump',
  mysqladmin: 'usr/bin/mysqladmin',
};

/** Debian has MySQL in sid only. Ubuntu's releases up to 24.04 name it with its version. */
const SOURCES = {
  debian: () => [['sid', ['mysql-server-core', 'mysql-client-core']]],
  ubuntu: (codename) => [
    [codename, ['mysql-server-core-8.0', 'mysql-client-core-8.0']],
    ['devel', ['mysql-server-core', 'mysql-client-core']],
  ],
  other: () => [],
};

/**
 * Makes `.tools/mysql/bin/{mysqld,mysql,mysqldump,mysqladmin}` exist.
 *
 * @param {import('./context.mjs').Context} context
 * @returns {Promise<string>} its version
 * @throws {SetupError} when it cannot be had on this machine
 */
export async function ensureMysql(context) {
  const present = await readVersion(context);
  if (present !== undefined) return present;
  const { family, codename } = context.distribution;
  const reasons = [];
  for (const [suite, packages] of SOURCES[family](codename)) {
    try {
      context.say(`getting MySQL from the packages of ${suite}, into a tree of its own (takes about 10 s)`);
      return await unpack(suite, packages, context);
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      reasons.push(`${suite}: ${error.message}`);
    }
  }
  throw new SetupError(reasons.length === 0 ? 'only the packages of Debian and Ubuntu are known here' : reasons.join('; '));
}

/** @returns {Promise<string | undefined>} */
async function readVersion(context) {
  const file = join(context.tools, 'mysql', 'bin', 'mysqld');
  if (!existsSync(file)) return undefined;
  const { code, output } = await capture(file, ['--no-defaults', '--version'], { timeout: 20_000, env: context.env });
  return code === 0 ? findVersion(output) : undefined;
}

async function unpack(suiteName, packages, context) {
  const suite = await openSuite(suiteName, context);
  const tree = join(context.tools, 'mysql-root');
  const partial = `${tree}.partial`;
  for (const directory of [tree, partial]) rmSync(directory, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  await must('apt-get', [...suite.options, '-y', '--download-only', 'install', ...packages], { env: context.env });
  for (const name of readdirSync(suite.archives)) {
    // Perl serves scripts that nobody calls here, and is a third of the files.
    if (!name.endsWith('.deb') || /^(lib)?perl/.test(name)) continue;
    await must('dpkg', ['-x', join(suite.archives, name), partial], { env: context.env });
    rmSync(join(suite.archives, name));
  }
  renameSync(partial, tree);
  writeWrappers(tree, context);
  const version = await readVersion(context);
  if (version === undefined) throw new SetupError('the unpacked mysqld does not start');
  return version;
}

function writeWrappers(tree, context) {
  const loader = findLoader(tree);
  const libraries = ['usr/lib', 'lib'].flatMap((directory) => {
    const names = existsSync(join(tree, directory)) ? readdirSync(join(tree, directory)) : [];
    return names.filter((name) => name.endsWith('-linux-gnu')).map((name) => `$tree/${directory}/${name}`);
  });
  const bin = join(context.tools, 'mysql', 'bin');
  mkdirSync(bin, { recursive: true });
  for (const [name, program] of Object.entries(PROGRAMS)) {
    writeFileSync(join(bin, name), wrap(name, program, loader, libraries.join(':')));
    chmodSync(join(bin, name), 0o755);
  }
}

function findLoader(tree) {
  for (const directory of ['usr/lib64', 'lib64', 'usr/lib', 'lib']) {
    const names = existsSync(join(tree, directory)) ? readdirSync(join(tree, directory)) : [];
    const name = names.find((entry) => /^ld-linux-.*\.so\.\d+$/.test(entry));
    if (name !== undefined) return `${directory}/${name}`;
  }
  throw new SetupError('the packages hold no dynamic loader');
}

/**
 * The program runs with the loader and the libraries of its own tree, and still sees the paths of the host. It finds its messages,
 * character sets and plugins beside itself, by the name that `--argv0` gives it.
 */
function wrap(name, program, loader, libraries) {
  return `#!/bin/sh
# Runs ${name} of the MySQL tree that scripts/setup.mjs unpacked.
tree=$(cd -- "\${0%/*}/../.." && pwd)/mysql-root || exit 127
exec "$tree/${loader}" --inhibit-cache --library-path "${libraries}" --argv0 "$tree/${program}" "$tree/${program}" "$@"
`;
}
