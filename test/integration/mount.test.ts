import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Holdfast, renderConfiguration } from '../support/holdfast.ts';

let holdfast: Holdfast;

beforeAll(async () => {
  holdfast = await Holdfast.create((directory) =>
    renderConfiguration(directory, { sources: `files:\n  config: { base: ${directory}/data, paths: [app.toml] }` }),
  );
  await writeFile(join(holdfast.directory, 'data/app.toml'), 'answer = 42\n');
  await holdfast.restic('init');
  await holdfast.up();
  await holdfast.backup('tracker');
}, 60_000);

afterAll(() => holdfast.stop());

test('snapshots are mounted until Ctrl-C, and nothing of the mount is left', async () => {
  const command = spawn(process.execPath, ['dist/client/main.js', 'mount', 'tracker', '--json'], {
    env: holdfast.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  command.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8');
  });
  while (!output.includes('}') && command.exitCode === null) await sleep(100);
  const { directory } = JSON.parse(output) as { directory: string };
  expect(directory).toBe(join(holdfast.directory, 'restore/mount-tracker'));
  const file = join(directory, 'snapshots/latest/files/config/app.toml');
  expect(await readFile(file, 'utf8')).toBe('answer = 42\n');

  const second = await holdfast.cli('mount', 'tracker');
  expect(second).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('mounted already') });
  expect(await readFile(file, 'utf8')).toBe('answer = 42\n');

  const closed = once(command, 'close');
  command.kill('SIGINT');
  await closed;
  expect(command.exitCode).toBe(0);
  expect(await readdir(join(holdfast.directory, 'restore'))).toEqual([]);
}, 60_000);
