import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ProgramMissing } from '../../../process/errors.ts';
import type { Priority } from '../../../process/priority.ts';
import { createPrograms, type ProgramRequest } from '../../../process/programs.ts';
import { withDirectory } from '../../support/phase-context.ts';

/** Prints niceness and class of I/O of the shell that it is, and of a child of it. */
const REPORT = 'cut -d" " -f19 /proc/$$/stat; ionice -p $$; sh -c \'ionice -p $$\'';

async function report(priority: Priority | undefined, request: Partial<ProgramRequest> = {}): Promise<string[]> {
  const programs = createPrograms(process.env, { priority });
  const { stdout } = await programs.run({ program: 'sh', args: ['-c', REPORT], ...request });
  return stdout.trim().split('\n');
}

/** Niceness of this process: the 19th field of proc(5). Its name has no spaces. */
async function ownNiceness(): Promise<number> {
  return Number((await readFile('/proc/self/stat', 'utf8')).split(' ')[18]);
}

test.each<[Priority, number, string]>([
  [{ nice: 7, io: 'idle' }, 7, 'idle'],
  [{ nice: 0, io: { bestEffort: 6 } }, 0, 'best-effort: prio 6'],
  [{ nice: 0, io: { bestEffort: 0 } }, 0, 'best-effort: prio 0'],
])('with %j a child and what it starts have that from the beginning', async (priority, nice, io) =>
  expect(await report(priority)).toEqual([String((await ownNiceness()) + nice), io, io]),
);

test('a child that others wait for, and all where no priority is set, are as this process is', async () => {
  const plain = await report(undefined);
  expect(plain[0]).toBe(String(await ownNiceness()));
  expect(await report({ nice: 7, io: 'idle' }, { keepsPriority: true })).toEqual(plain);
});

test('it holds for a child that is talked to and for one with output into a file, which keep their exit code', () =>
  withDirectory(async (directory) => {
    const programs = createPrograms(process.env, { priority: { nice: 3, io: 'idle' } });
    const request = { program: 'sh', args: ['-c', `${REPORT}; exit 4`] };
    const running = await programs.start(request);
    const lines: string[] = [];
    for (let line = await running.lines.next(); line.done !== true; line = await running.lines.next()) lines.push(line.value);
    expect(lines.slice(1)).toEqual(['idle', 'idle']);
    expect(await running.stop()).toMatchObject({ exitCode: 4 });
    const { exitCode, output } = await programs.runIntoFile({
      ...request,
      outputFile: join(directory, 'output'),
      timeoutMs: 20_000,
    });
    expect({ exitCode, lines: output.split('\n').slice(1) }).toEqual({ exitCode: 4, lines: ['idle', 'idle'] });
  }));

test('a machine without ionice is told so by its name', async () => {
  await withDirectory(async (directory) => {
    const programs = createPrograms({ PATH: directory }, { priority: { nice: 0, io: 'idle' } });
    await expect(programs.run({ program: '/bin/true', args: [] })).rejects.toThrow(new ProgramMissing('ionice'));
  });
});
