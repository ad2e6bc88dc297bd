import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { identifyProcess } from '../../../process/identity.ts';
import { takeStateDirectory } from '../../../worker/state-directory.ts';
import { withDirectory } from '../../support/phase-context.ts';

test('a process takes a state directory, and takes it again', () =>
  withDirectory(async (directory) => {
    await takeStateDirectory(join(directory, 'new'));
    await takeStateDirectory(join(directory, 'new'));
  }));

test('a state directory that another living process has is refused, with its pid, and free once that is gone', () =>
  withDirectory(async (directory) => {
    const other = spawn('sleep', ['60']);
    await once(other, 'spawn');
    await writeFile(join(directory, 'worker.json'), JSON.stringify(identifyProcess(other.pid ?? 0)));
    const refused = takeStateDirectory(directory);
    await expect(refused).rejects.toMatchObject({ name: 'StartError', message: expect.stringContaining(`pid ${other.pid}`) });
    const ended = once(other, 'exit');
    other.kill('SIGKILL');
    await ended;
    await takeStateDirectory(directory);
  }));

test('a damaged note of the holder holds nobody up', () =>
  withDirectory(async (directory) => {
    await writeFile(join(directory, 'worker.json'), '{');
    await takeStateDirectory(directory);
  }));
