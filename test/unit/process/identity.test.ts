import { expect, test } from '@jest/globals';
import { identifyProcess, stateOfProcess } from '../../../process/identity.ts';
import { createPrograms } from '../../../process/programs.ts';

const programs = createPrograms(process.env);

test('a process is alive until it is gone, and its number alone does not make it alive', async () => {
  let identity = identifyProcess(process.pid);
  let whileRunning: string | undefined;
  const onStart = (pid: number) => {
    identity = identifyProcess(pid);
    whileRunning = stateOfProcess(identity);
  };
  await programs.run({ program: 'sleep', args: ['0.2'], onStart });
  expect(whileRunning).toBe('alive');
  expect(stateOfProcess(identity)).toBe('gone');
  expect(stateOfProcess({ ...identifyProcess(process.pid), startTicks: '1' })).toBe('gone');
});

test('a process of an earlier boot is gone, and of one in another container nothing is known', () => {
  const own = identifyProcess(process.pid);
  expect(stateOfProcess({ ...own, bootId: 'an earlier one' })).toBe('gone');
  expect(stateOfProcess({ ...own, pidNamespace: 'pid:[1]' })).toBe('unknown');
});
