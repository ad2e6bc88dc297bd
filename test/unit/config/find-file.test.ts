import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { findConfigurationFile, loadConfiguration } from '../../../config/index.ts';

let cwd: string;
let empty: string;

beforeAll(async () => {
  const root = await mkdtemp(join(tmpdir(), 'holdfast-find-'));
  cwd = join(root, 'with');
  empty = join(root, 'without');
  await mkdir(cwd);
  await mkdir(empty);
  await writeFile(join(cwd, 'holdfast.yaml'), '');
});

afterAll(() => rm(join(cwd, '..'), { recursive: true }));

test('--config goes ahead of HOLDFAST_CONFIG, and that of holdfast.yaml here', async () => {
  const environment = { HOLDFAST_CONFIG: '/from/environment.yaml' };
  expect(await findConfigurationFile({ flag: 'from/flag.yaml', environment, cwd })).toBe(join(cwd, 'from/flag.yaml'));
  expect(await findConfigurationFile({ environment, cwd })).toBe('/from/environment.yaml');
  expect(await findConfigurationFile({ flag: '', environment: { HOLDFAST_CONFIG: '' }, cwd })).toBe(join(cwd, 'holdfast.yaml'));
});

test('where none is there, all places and the way to a first file are named', async () => {
  // This machine may have the file that is looked for last.
  if (existsSync('/etc/holdfast/holdfast.yaml')) {
    expect(await findConfigurationFile({ environment: {}, cwd: empty })).toBe('/etc/holdfast/holdfast.yaml');
    return;
  }
  await expect(findConfigurationFile({ environment: {}, cwd: empty })).rejects.toMatchObject({
    name: 'ConfigurationError',
    message: [
      'no configuration was found: 1 problem',
      `  looked at --config (not given), HOLDFAST_CONFIG (not set), ${empty}/holdfast.yaml, /etc/holdfast/holdfast.yaml; make a file with: holdfast config example > holdfast.yaml`,
    ].join('\n'),
  });
});

test.each([
  ['/nowhere/holdfast.yaml', 'ENOENT'],
  ['/', 'EISDIR'],
])('%s cannot be read, and the error number says why', async (file, code) => {
  await expect(loadConfiguration({ file, environment: {} })).rejects.toThrow(`${file}: 1 problem\n  cannot be read (${code})`);
});
