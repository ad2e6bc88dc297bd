import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { toFailure } from '../../../activities/failures.ts';
import { ProgramStalled } from '../../../process/errors.ts';
import { createPrograms } from '../../../process/programs.ts';
import { childProcesses } from '../../support/child-processes.ts';

const LIMIT_MS = 1_500;
const programs = createPrograms(process.env, { noProgressMs: LIMIT_MS });
const shell = (script: string) => ({ program: 'sh', args: ['-c', script] });

test('a child that does nothing is ended, and the failure names it, what it worked on, the time and the option', async () => {
  const run = programs.run({ ...shell('echo waiting for the moon >&2; exec sleep 60'), subject: 'repository main' });
  const error = await run.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ProgramStalled);
  const failure = toFailure(error, { redact: (text) => text, attempt: 1 });
  expect(failure).toMatchObject({ type: 'ProcessTimeout', nonRetryable: false });
  for (const part of ['sh on repository main', 'for 2 s', 'no_progress_timeout', 'waiting for the moon']) {
    expect(failure.message).toContain(part);
  }
});

test('a child that was stopped is ended too, with all that it started, although none of them heeds SIGTERM', async () => {
  const before = childProcesses();
  const startedAt = performance.now();
  const script = "trap '' TERM; sh -c 'kill -STOP $$' & kill -STOP $$";
  await expect(programs.run({ ...shell(script), killAfterMs: 300 })).rejects.toThrow(ProgramStalled);
  expect(performance.now() - startedAt).toBeGreaterThan(LIMIT_MS);
  expect(childProcesses()).toEqual(before);
});

test('whatever shows that a child is at work keeps it alive: what it prints, reads, computes, or has another one do', async () => {
  const loop = (body: string) => shell(`for i in 1 2 3 4 5 6; do ${body}; sleep 0.5; done`);
  const silent = { consume: async () => sleep(100) };
  const results = await Promise.all([
    programs.run(loop('echo line')),
    programs.run(loop('cat /proc/version > /dev/null')),
    programs.run({ ...shell('i=0; while [ $i -lt 1500000 ]; do i=$((i+1)); done'), ...silent }),
    programs.run(shell('(for i in 1 2 3 4 5 6; do cat /proc/version > /dev/null; sleep 0.5; done)')),
  ]);
  expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
  expect(Math.min(...results.filter((_, index) => index !== 2).map(({ durationMs }) => durationMs))).toBeGreaterThan(LIMIT_MS);
}, 60_000);

test('status lines by the clock are no work where they are known to be that', async () => {
  const script = (work: string) => `const fs = require('fs'); let n = 0;
    setInterval(() => { console.log('status of the moment'); ${work}; if (++n === 15) process.exit(); }, 200)`;
  const request = (work: string) => ({
    program: process.execPath,
    args: ['-e', script(work)],
    progress: 'activity-beyond-output' as const,
  });
  await expect(programs.run(request(''))).rejects.toThrow(ProgramStalled);
  expect(await programs.run(request("fs.writeFileSync('/dev/null', 'x'.repeat(1000))"))).toMatchObject({ exitCode: 0 });
});

test('who may rightly wait for others, or has a time limit of its own, is left alone', async () => {
  const idle = shell('sleep 3');
  const results = await Promise.all([programs.run({ ...idle, progress: 'none' }), programs.run({ ...idle, timeoutMs: 30_000 })]);
  expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
});

test('a child that is talked to may be idle, but not while somebody waits for its answer', async () => {
  const child = await programs.start({
    ...shell('read line; echo "got $line"; read line; exec sleep 60'),
    subject: '/data/a.db',
  });
  await sleep(2 * LIMIT_MS);
  child.write('one\n');
  expect(await child.whileItWorks(async () => child.lines.next())).toEqual({ done: false, value: 'got one' });
  child.write('two\n');
  expect(await child.whileItWorks(async () => child.lines.next())).toEqual({ done: true, value: undefined });
  await expect(child.stop()).rejects.toThrow('sh on /data/a.db made no progress');
});
