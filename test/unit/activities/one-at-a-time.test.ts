import { expect, test } from '@jest/globals';
import { oneAtATime } from '../../../activities/one-at-a-time.ts';

/** A body that ends when it is told to, and notes when it begins. */
function body(name: string, begun: string[]): { run(): Promise<string>; end(error?: Error): void } {
  let end: (error?: Error) => void = () => undefined;
  const ended = new Promise<void>((resolve, reject) => {
    end = (error) => (error === undefined ? resolve() : reject(error));
  });
  const run = async () => {
    begun.push(name);
    await ended;
    return name;
  };
  return { run, end: (error) => end(error) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a second attempt begins when the first has ended, also when that failed', async () => {
  const begun: string[] = [];
  const [first, second] = [body('first', begun), body('second', begun)];
  const outcomes = [oneAtATime('dump', first.run), oneAtATime('dump', second.run)];
  await turn();
  expect(begun).toEqual(['first']);
  first.end(new Error('cancelled'));
  await expect(outcomes[0]).rejects.toThrow('cancelled');
  await turn();
  expect(begun).toEqual(['first', 'second']);
  second.end();
  expect(await outcomes[1]).toBe('second');
});

test('work of another key waits for nobody', async () => {
  const begun: string[] = [];
  const [dump, copy] = [body('dump', begun), body('copy', begun)];
  const outcomes = [oneAtATime('dump', dump.run), oneAtATime('copy', copy.run)];
  await turn();
  expect(begun).toEqual(['dump', 'copy']);
  dump.end();
  copy.end();
  expect(await Promise.all(outcomes)).toEqual(['dump', 'copy']);
});
