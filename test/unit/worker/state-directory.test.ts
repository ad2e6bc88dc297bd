import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { identifyProcess } from '../../../process/identity.ts';
import { announceDrain, takeStateDirectory } from '../../../worker/state-directory.ts';
import { withDirectory } from '../../support/phase-context.ts';

/** Takes a directory as a worker does, and returns what it has said. */
async function take(directory: string, environment: Record<string, string | undefined> = process.env): Promise<string[]> {
  const log: string[] = [];
  await takeStateDirectory(directory, { environment, log: (line) => void log.push(line), patienceMs: 20_000 });
  return log;
}

/** Another process that has the lock of a directory until it is ended, in a namespace of its own if wanted: as in a container. */
async function lockElsewhere(directory: string, around: readonly string[] = []): Promise<ChildProcess> {
  const lock = ['flock', '--no-fork', join(directory, 'worker.lock'), 'sh', '-c', 'echo locked; exec sleep 60'];
  const [program = '', ...args] = [...around, ...lock];
  const other = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(other.stdout, 'data');
  return other;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

const WITHOUT_FLOCK = { PATH: '/nonexistent' };

test('a process takes a state directory, and takes it again', () =>
  withDirectory(async (directory) => {
    expect(await take(join(directory, 'new'))).toEqual([]);
    expect(await take(join(directory, 'new'))).toEqual([]);
  }));

test('a directory that a process of another container has locked is refused, with its machine, and free once that is killed', () =>
  withDirectory(async (directory) => {
    const note = { ...identifyProcess(7), pidNamespace: 'pid:[1]', machine: 'c0ffee', startedAt: '2026-11-23T03:00:00.000Z' };
    await writeFile(join(directory, 'worker.json'), JSON.stringify(note));
    const other = await lockElsewhere(directory, ['unshare', '--pid', '--fork', '--kill-child=KILL']);
    await expect(take(directory)).rejects.toMatchObject({
      name: 'StartError',
      message: expect.stringContaining(
        `(pid 7 on c0ffee, since 2026-11-23T03:00:00.000Z) works with the state_directory ${directory}`,
      ),
    });
    await kill(other);
    await untilFree(directory);
  }));

/** What is killed takes its children along a moment later. */
async function untilFree(directory: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const isTaken = await take(directory).then(
      () => true,
      () => false,
    );
    if (isTaken) return;
    await sleep(50);
  }
  throw new Error(`${directory} stays locked`);
}

test.each([
  ['with flock', process.env],
  ['where flock is missing', WITHOUT_FLOCK],
])(
  '%s, a process that is noted there and lives is refused by its number, and one that is gone holds nothing',
  (_case, environment) =>
    withDirectory(async (directory) => {
      const other = spawn('sleep', ['60']);
      await once(other, 'spawn');
      await writeFile(join(directory, 'worker.json'), JSON.stringify(identifyProcess(other.pid ?? 0)));
      await expect(take(directory, environment)).rejects.toMatchObject({
        name: 'StartError',
        message: expect.stringContaining(`pid ${other.pid}`),
      });
      await kill(other);
      await take(directory, environment);
    }),
);

test('one that drains is waited for, and that is said', () =>
  withDirectory(async (directory) => {
    const other = await lockElsewhere(directory);
    await announceDrain(directory);
    const taken = take(directory);
    await sleep(600);
    await kill(other);
    expect(await taken).toEqual([
      expect.stringMatching(/^waiting for another `holdfast up`.*\(pid \d+ on .*\), which is draining$/),
    ]);
  }));

test('a damaged note of the holder holds nobody up', () =>
  withDirectory(async (directory) => {
    await writeFile(join(directory, 'worker.json'), '{');
    await take(directory);
  }));
