import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { load } from './modules.ts';

const { reasonToBuild, reasonToInstall } = await load('checkout');

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'holdfast-checkout-'));
  mkdirSync(join(root, 'node_modules'));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function lock(file: string, packages: Record<string, object>): void {
  writeFileSync(join(root, file), JSON.stringify({ packages }));
}

test('npm ci is needed when nothing is installed, or another version than the lock’s', () => {
  lock('package-lock.json', { '': {}, 'node_modules/a': { version: '1.1.0' } });
  expect(reasonToInstall(root)).toContain('missing or incomplete');
  lock('node_modules/.package-lock.json', { 'node_modules/a': { version: '1.0.0' } });
  expect(reasonToInstall(root)).toBe('node_modules/a is not at 1.1.0');
  lock('node_modules/.package-lock.json', { 'node_modules/a': { version: '1.1.0' } });
  expect(reasonToInstall(root)).toBeUndefined();
});

test('A build for another platform may be missing, a package may not', () => {
  lock('package-lock.json', { '': {}, 'node_modules/a-darwin': { version: '1.0.0', optional: true } });
  lock('node_modules/.package-lock.json', {});
  expect(reasonToInstall(root)).toBeUndefined();
  lock('package-lock.json', { '': {}, 'node_modules/jest': { version: '30.0.0', dev: true } });
  expect(reasonToInstall(root)).toContain('node_modules/jest');
});

test('A build is needed until it is complete, and again when a source changes or goes', () => {
  mkdirSync(join(root, 'client', 'commands'), { recursive: true });
  mkdirSync(join(root, 'dist'));
  writeFileSync(join(root, 'client', 'commands', 'up.ts'), '');
  expect(reasonToBuild(root)).toContain('missing or incomplete');
  const [past, future] = [new Date(Date.now() - 60_000), new Date(Date.now() + 60_000)];
  writeFileSync(join(root, 'dist', '.built'), '');
  for (const path of ['client/commands/up.ts', 'client/commands', 'client']) utimesSync(join(root, path), past, past);
  expect(reasonToBuild(root)).toBeUndefined();
  utimesSync(join(root, 'client', 'commands', 'up.ts'), future, future);
  expect(reasonToBuild(root)).toBe('client/commands/up.ts is newer than dist');
  rmSync(join(root, 'client', 'commands', 'up.ts'));
  utimesSync(join(root, 'client', 'commands'), future, future);
  expect(reasonToBuild(root)).toBe('client/commands is newer than dist');
});

test('A Node that is too old is refused before anything else is read', () => {
  const pretend = "data:text/javascript,Object.defineProperty(process,'versions',{value:{node:'20.18.3'}})";
  const script = fileURLToPath(new URL('../../../scripts/setup.mjs', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, ['--import', pretend, script], { encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toContain('Holdfast needs Node 20.19 or newer; this is Node 20.18.3');
});
