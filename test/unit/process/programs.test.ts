import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ProgramMissing, ProgramTimeout } from '../../../process/errors.ts';
import { createPrograms, SECRET_PATH } from '../../../process/programs.ts';
import { withDirectory } from '../../support/phase-context.ts';

const programs = createPrograms({ ...process.env, MY_SECRET: 'hunter22' });

test('a non-zero exit code is a result with the end of the error output', async () => {
  const result = await programs.run({ program: 'sh', args: ['-c', 'echo out; echo bad >&2; exit 3'] });
  expect(result).toMatchObject({ exitCode: 3, stdout: 'out\n', stderr: 'bad' });
});

test('a child sees neither our environment nor our standard input', async () => {
  const result = await programs.run({ program: 'sh', args: ['-c', 'env; cat'], env: { GIVEN: 'yes' } });
  expect(result.stdout).toContain('GIVEN=yes');
  expect(result.stdout).toContain('LC_ALL=C.UTF-8');
  expect(result.stdout).not.toContain('hunter22');
});

test('a secret can be read from descriptor 3, again and again', async () => {
  const result = await programs.run({ program: 'cat', args: [SECRET_PATH, SECRET_PATH], secretInput: 'pa$$ "wörd"' });
  expect(result).toMatchObject({ stderr: '', stdout: 'pa$$ "wörd"pa$$ "wörd"' });
});

test('a program that is not there is named', async () => {
  await expect(programs.run({ program: 'no-such-program', args: [] })).rejects.toThrow(new ProgramMissing('no-such-program'));
});

test('a deadline ends the child', async () => {
  await expect(programs.run({ program: 'sleep', args: ['30'], timeoutMs: 100 })).rejects.toThrow(ProgramTimeout);
});

test('cancelling ends the child and throws the reason of the signal', async () => {
  const reason = new Error('cancelled by the operator');
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 100);
  await expect(programs.run({ program: 'sleep', args: ['30'], signal: controller.signal })).rejects.toBe(reason);
});

test.each([
  ['cancel', () => ({ signal: AbortSignal.timeout(300) })],
  ['deadline', () => ({ timeoutMs: 300 })],
])('what a child has started is ended with it by a %s, and is not waited for', async (_, end) => {
  const startedAt = performance.now();
  // The shell dies of its SIGTERM; the pipe of its output is open for as long as one of the others runs.
  await expect(programs.run({ program: 'sh', args: ['-c', 'sleep 30 | sleep 30; :'], ...end() })).rejects.toThrow();
  expect(performance.now() - startedAt).toBeLessThan(10_000);
});

test('an error of the consumer ends the child and is passed on', async () => {
  const failure = new Error('disk full');
  const run = programs.run({
    program: 'yes',
    args: [],
    consume: async (stdout) => {
      for await (const chunk of stdout) if (chunk.length > 0) throw failure;
    },
  });
  await expect(run).rejects.toBe(failure);
});

test('a child that somebody killed is told from one that failed', async () => {
  const run = programs.run({ program: 'sh', args: ['-c', 'kill -9 $$'] });
  await expect(run).rejects.toMatchObject({ name: 'ProgramKilled', program: 'sh', signal: 'SIGKILL' });
  const child = await programs.start({ program: 'sh', args: ['-c', 'kill -9 $$'] });
  expect(await child.ended).toMatchObject({ exitCode: 137, signal: 'SIGKILL' });
});

test('a program that leaves a service running ends at once, and the service keeps its output', () =>
  withDirectory(async (directory) => {
    const outputFile = join(directory, 'output');
    const script = 'echo started; (sleep 1; echo still here) &';
    const request = { program: 'sh', args: ['-c', script], outputFile, timeoutMs: 20_000 };
    expect(await programs.runIntoFile(request)).toEqual({ exitCode: 0, output: 'started' });
    const next = await programs.runIntoFile({ ...request, args: ['-c', 'sleep 1.5; env >&2; exit 3'], env: { GIVEN: 'yes' } });
    expect(next).toMatchObject({ exitCode: 3, output: expect.stringContaining('still here') });
    expect(next.output).toContain('GIVEN=yes');
    expect(next.output).not.toContain('hunter22');
    expect((await stat(outputFile)).mode & 0o777).toBe(0o600);
  }));

test('a program with output into a file obeys its deadline and its signal, and tells that it was killed', () =>
  withDirectory(async (directory) => {
    const request = { program: 'sleep', args: ['30'], outputFile: join(directory, 'output') };
    await expect(programs.runIntoFile({ ...request, timeoutMs: 100 })).rejects.toThrow(ProgramTimeout);
    const reason = new Error('cancelled');
    const signal = AbortSignal.timeout(100);
    const aborted = new AbortController();
    signal.addEventListener('abort', () => aborted.abort(reason));
    await expect(programs.runIntoFile({ ...request, timeoutMs: 9_000, signal: aborted.signal })).rejects.toBe(reason);
    const killed = { ...request, program: 'sh', args: ['-c', 'kill -9 $$'], timeoutMs: 9_000 };
    expect(await programs.runIntoFile(killed)).toEqual({ exitCode: undefined, output: '' });
  }));

test('a running child answers line by line until it is stopped', async () => {
  const cat = await programs.start({ program: 'cat', args: [] });
  cat.write('one\ntwo\n');
  expect(await cat.lines.next()).toEqual({ done: false, value: 'one' });
  expect(await cat.lines.next()).toEqual({ done: false, value: 'two' });
  expect(await cat.stop()).toMatchObject({ exitCode: 0 });
});

test('a child does not share our process group, so that Ctrl-C in a terminal is ours alone', async () => {
  const result = await programs.run({ program: 'ps', args: ['-o', 'pgid=', '-p', String(process.pid)] });
  const child = await programs.run({ program: 'sh', args: ['-c', 'ps -o pgid= -p $$'] });
  expect(child.stdout.trim()).toMatch(/^\d+$/);
  expect(child.stdout.trim()).not.toBe(result.stdout.trim());
});

test('a stream is fed to a child as it comes, and one that breaks off ends the child instead of its input', async () => {
  const chunk = Buffer.alloc(1_000_000, 'x');
  async function* stream(count: number, end: () => void) {
    for (let index = 0; index < count; index++) yield chunk;
    end();
  }
  const counted = await programs.run({ program: 'wc', args: ['-c'], input: stream(5, () => undefined) });
  expect(counted).toMatchObject({ exitCode: 0, stdout: '5000000\n' });
  const broken = stream(1, () => {
    throw new Error('broken off');
  });
  await expect(programs.run({ program: 'wc', args: ['-c'], input: broken })).rejects.toThrow('broken off');
  const deaf = await programs.run({ program: 'true', args: [], input: stream(50, () => undefined) });
  expect(deaf.exitCode).toBe(0);
});
