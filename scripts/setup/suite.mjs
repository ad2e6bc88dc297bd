// Packages of another suite of the machine's own distribution, without touching the machine: apt with lists, cache and state of
// its own below `.tools`. It needs no root, installs nothing, and apt checks the suite's signature as ever.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './context.mjs';
import { look, must } from './run.mjs';
import { findMirror } from './sources.mjs';

/** Suites that have newer software than a stable release. `devel` is Ubuntu's name for the next one. */
const NEWER = { debian: ['sid', 'trixie'], ubuntu: ['devel'], other: [] };
const COMPONENTS = { debian: 'main', ubuntu: 'main universe' };

/** @returns {string[]} */
export function newerSuites(context) {
  return NEWER[context.distribution.family];
}

/** Hooks that would tidy the machine's own cache, indexes of icons and file lists, and foreign architectures. */
const CLEARED = [
  'APT::Update::Post-Invoke',
  'APT::Update::Post-Invoke-Success',
  'DPkg::Post-Invoke',
  'DPkg::Pre-Install-Pkgs',
  'APT::Architectures',
  'Acquire::IndexTargets::deb::DEP-11',
  'Acquire::IndexTargets::deb::DEP-11-icons',
  'Acquire::IndexTargets::deb::DEP-11-icons-small',
  'Acquire::IndexTargets::deb::DEP-11-icons-large',
  'Acquire::IndexTargets::deb::DEP-11-icons-hidpi',
  'Acquire::IndexTargets::deb::DEP-11-icons-large-hidpi',
  'Acquire::IndexTargets::deb::Contents-deb',
];

const opened = new Map();

/**
 * Fetches the package lists of a suite, once in a set-up.
 *
 * @returns {Promise<{ options: string[], archives: string }>} `options` make apt-get use them; `archives` is where its
 *   `--download-only` puts packages
 * @throws {SetupError} when there is no apt, no mirror, or the mirror does not have the suite
 */
export function openSuite(name, context) {
  const directory = join(context.tools, 'apt', name);
  if (!opened.has(directory)) opened.set(directory, prepare(name, directory, context));
  return opened.get(directory);
}

/** Removes the package lists, which are large and soon old. */
export function closeSuites(context) {
  opened.clear();
  rmSync(join(context.tools, 'apt'), { recursive: true, force: true });
}

async function prepare(name, directory, context) {
  const path = context.env.PATH ?? '';
  const missing = ['apt-get', 'dpkg'].find((program) => look(program, path) === undefined);
  if (missing !== undefined) throw new SetupError(`${missing} is not here`);
  const mirror = findMirror(context);
  if (mirror === undefined) throw new SetupError(`no mirror of ${context.distribution.family} is named below ${context.apt}`);
  rmSync(directory, { recursive: true, force: true });
  for (const part of ['lists/partial', 'archives/partial', 'none']) mkdirSync(join(directory, part), { recursive: true });
  writeFileSync(join(directory, 'status'), '');
  writeFileSync(join(directory, 'suite.sources'), describeSource(name, mirror, context));
  writeFileSync(join(directory, 'apt.conf'), configure(directory));
  const options = ['-q', '-c', join(directory, 'apt.conf')];
  await must('apt-get', [...options, '-o', 'Acquire::Retries=1', 'update', '--error-on=any'], { env: context.env });
  return { options, archives: join(directory, 'archives') };
}

function describeSource(name, mirror, { distribution }) {
  const lines = ['Types: deb', `URIs: ${mirror.uri}`, `Suites: ${name}`, `Components: ${COMPONENTS[distribution.family]}`];
  return [...lines, ...(mirror.signedBy === undefined ? [] : [`Signed-By: ${mirror.signedBy}`]), ''].join('\n');
}

/**
 * Settings that come after the machine's own, so that its proxy and certificates stay in force. The empty status file makes apt
 * count every dependency as missing.
 */
function configure(directory) {
  const path = (...parts) => JSON.stringify(join(directory, ...parts));
  return CLEARED.map((name) => `#clear ${name};`)
    .concat([
      `Dir::State ${path()};`,
      `Dir::State::lists ${path('lists')};`,
      `Dir::State::status ${path('status')};`,
      `Dir::Cache ${path()};`,
      `Dir::Cache::archives ${path('archives')};`,
      `Dir::Etc::sourcelist ${path('suite.sources')};`,
      `Dir::Etc::sourceparts ${path('none')};`,
      `Dir::Etc::preferences ${path('none', 'preferences')};`,
      `Dir::Etc::preferencesparts ${path('none')};`,
      'Acquire::Languages "none";',
      'APT::Sandbox::User "root";',
      'APT::Install-Recommends "false";',
      '',
    ])
    .join('\n');
}
