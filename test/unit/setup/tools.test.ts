import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type Context, load, type Tool } from './modules.ts';

const { createContext, readDistribution } = await load('context');
const { main } = await load('main');
const { obtain } = await load('obtain');
const { adviseInstalling, canInstall } = await load('packages');
const { TOOLS, describe, find } = await load('tools');
const { findVersion, isAtLeast } = await load('versions');

let directory: string;
let context: Context;
let said: string[];

/** Puts a program on the PATH that prints `output` and ends with `code`. */
function install(where: string, name: string, output: string, code = 0): string {
  mkdirSync(where, { recursive: true });
  const file = join(where, name);
  writeFileSync(file, `#!/bin/sh\necho '${output}'\nexit ${code}\n`);
  chmodSync(file, 0o755);
  return file;
}

function tool(name: string): Tool {
  const found = TOOLS[name];
  if (found === undefined) throw new Error(`no tool ${name}`);
  return found;
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-setup-'));
  said = [];
  context = createContext({
    root: directory,
    env: { PATH: join(directory, 'path') },
    os: 'freebsd',
    isRoot: false,
    distribution: { family: 'other', codename: '' },
    say: (line: string) => said.push(line),
    complain: (text: string) => said.push(text),
  });
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

test.each([
  ['temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)', '1.9.1'],
  ['restic 0.14.0 compiled with go1.19.8 on linux/amd64', '0.14.0'],
  ['tar (GNU tar) 1.34', '1.34'],
  ['*** Zstandard CLI (64-bit) v1.5.4, by Yann Collet ***', '1.5.4'],
  ['mariadb  Ver 15.1 Distrib 10.11.19-MariaDB, for debian-linux-gnu', '10.11.19'],
  ['mariadb from 11.8.2-MariaDB, client 15.2 for Linux', '11.8.2'],
  ['no number at all', undefined],
])('the version in "%s" is %s', (text, version) => {
  expect(findVersion(text)).toBe(version);
});

test.each([
  ['0.17.1', '0.17.1', true],
  ['0.17.0', '0.17.1', false],
  ['0.9.9', '0.17.1', false],
  ['1.0', '0.17.1', true],
  ['1.34', '1.28', true],
  ['3.40.1', '3.33.0', true],
])('%s against a minimum of %s: good enough is %s', (version, minimum, expected) => {
  expect(isAtLeast(version, minimum)).toBe(expected);
});

test('A tool that is too old is named with its path, its version and the one needed', async () => {
  const file = install(join(directory, 'path'), 'restic', 'restic 0.14.0 compiled with go1.19');
  const finding = await find(tool('restic'), context);
  expect(finding.state).toBe('old');
  expect(describe(finding)).toContain(`restic 0.14.0 (${file}) is too old: at least 0.17.1 is needed`);
});

test('The local copy stands in for one on the PATH that is too old', async () => {
  install(join(directory, 'path'), 'restic', 'restic 0.14.0');
  const copy = install(context.bin, 'restic', 'restic 0.19.1');
  expect(await find(tool('restic'), context)).toMatchObject({ state: 'good', file: copy });
});

test('One on the PATH that is new enough is used before the local copy', async () => {
  const file = install(join(directory, 'path'), 'restic', 'restic 0.18.0');
  install(context.bin, 'restic', 'restic 0.19.1');
  expect(await find(tool('restic'), context)).toMatchObject({ state: 'good', file });
});

test('A tar that is not GNU tar and a program that fails are told apart from the tool', async () => {
  install(join(directory, 'path'), 'tar', 'bsdtar 3.7.2 - libarchive 3.7.2');
  install(join(directory, 'path'), 'zstd', 'Zstandard CLI v1.5.4', 1);
  expect(await find(tool('tar'), context)).toMatchObject({ state: 'broken' });
  expect(await find(tool('zstd'), context)).toMatchObject({ state: 'broken' });
});

test('A tool is taken from the first route whose binary is new enough', async () => {
  const routes = [
    { name: 'a dead link', fetch: async () => Promise.reject(await setupError('cannot be reached')) },
    { name: 'an old suite', fetch: async (where: string) => install(where, 'restic', 'restic 0.16.0') },
    { name: 'a new suite', fetch: async (where: string) => install(where, 'restic', 'restic 0.18.0') },
  ];
  await obtain(tool('restic'), routes, context);
  expect(await find(tool('restic'), context)).toMatchObject({
    state: 'good',
    version: '0.18.0',
    file: join(context.bin, 'restic'),
  });
  expect(said.join('\n')).toMatch(/no restic from a dead link: cannot be reached[^]*no restic from an old suite: restic 0.16.0/);
});

test('When no route works, the failure lists the reason of each', async () => {
  const routes = ['one', 'two'].map((name) => ({ name, fetch: async () => Promise.reject(await setupError(`${name} is off`)) }));
  await expect(obtain(tool('restic'), routes, context)).rejects.toThrow(/one: one is off\s+two: two is off/);
});

async function setupError(message: string): Promise<Error> {
  const { SetupError } = (await import(new URL('../../../scripts/setup/context.mjs', import.meta.url).href)) as {
    SetupError: new (message: string) => Error;
  };
  return new SetupError(message);
}

test('The command to type names the packages of this machine once, with sudo where needed', () => {
  install(join(directory, 'path'), 'apt-get', '');
  const wanted = [tool('sqlite3'), tool('databaseClient'), tool('databaseDump'), tool('temporal')];
  const [command, other] = adviseInstalling(wanted, context);
  expect(command).toBe('sudo apt-get install -y --no-install-recommends sqlite3 mariadb-client');
  expect(other).toContain('get Temporal CLI 1.9.0 or newer onto the PATH: https://docs.temporal.io');
});

test('System packages are installed by root on Debian and Ubuntu alone', () => {
  install(join(directory, 'path'), 'apt-get', '');
  const debian = { ...context, distribution: { family: 'debian', codename: 'bookworm' } };
  expect(canInstall({ ...debian, isRoot: true } as Context)).toBe(true);
  expect(canInstall(debian)).toBe(false);
  expect(canInstall({ ...context, isRoot: true } as Context)).toBe(false);
  expect(canInstall({ ...debian, isRoot: true, env: { PATH: directory } } as Context)).toBe(false);
});

test('On a machine that lacks tools the set-up names them all, and what to type, and ends with 1', async () => {
  install(join(directory, 'path'), 'restic', 'restic 0.14.0');
  install(join(directory, 'path'), 'sqlite3', '3.40.1 2022-12-28');
  install(join(directory, 'path'), 'dnf', '');
  expect(await main([], context)).toBe(1);
  const text = said.join('\n');
  expect(text).toContain('Temporal CLI is missing: at least 1.9.0 is needed');
  expect(text).toContain('restic 0.14.0');
  expect(text).toContain('sudo dnf install -y zstd tar mariadb');
  expect(text).not.toContain('sqlite3');
});

test('The set-up refuses an option that it does not know', async () => {
  expect(await main(['--test'], context)).toBe(2);
  expect(said.join('\n')).toContain('unknown option --test');
});

test.each([
  ['ID=debian\nVERSION_CODENAME=bookworm\n', { family: 'debian', codename: 'bookworm' }],
  [
    'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_CODENAME=wilma\nUBUNTU_CODENAME=noble\n',
    { family: 'ubuntu', codename: 'noble' },
  ],
  ['ID=fedora\n', { family: 'other', codename: '' }],
])('os-release %j is read as %j', (text, expected) => {
  expect(readDistribution(text)).toEqual(expected);
});

test('A program that is a dangling link counts as missing', async () => {
  mkdirSync(join(directory, 'path'));
  symlinkSync(join(directory, 'nowhere'), join(directory, 'path', 'zstd'));
  expect(await find(tool('zstd'), { ...context })).toMatchObject({ state: 'missing' });
});
