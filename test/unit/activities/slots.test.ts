import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { Slots } from '../../../activities/slots.ts';

/** A body that is at work until it is told to end. */
function createBody(log: string[], name: string) {
  let end = () => undefined as void;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const run = async () => {
    log.push(name);
    await ended;
  };
  return { end, run };
}

const never = new AbortController().signal;

test('no more than the given number are inside, and the others come in the order in which they asked', async () => {
  const slots = new Slots(2);
  const log: string[] = [];
  const waits: string[] = [];
  const bodies = ['a', 'b', 'c', 'd'].map((name) => ({ name, ...createBody(log, name) }));
  const all = bodies.map(({ name, run }) => slots.inside({ signal: never, onWait: () => void waits.push(name) }, run));
  await turn();
  expect({ log: [...log], waits }).toEqual({ log: ['a', 'b'], waits: ['c', 'd'] });
  bodies[1]?.end();
  await turn();
  expect(log).toEqual(['a', 'b', 'c']);
  for (const { end } of bodies) end();
  await Promise.all(all);
  expect(log).toEqual(['a', 'b', 'c', 'd']);
});

test('who is cancelled while waiting leaves at once and takes no place, and a body that fails gives its place back', async () => {
  const slots = new Slots(1);
  const log: string[] = [];
  const first = createBody(log, 'first');
  const running = slots.inside({ signal: never, onWait: () => undefined }, first.run);
  const controller = new AbortController();
  const cancelled = slots.inside({ signal: controller.signal, onWait: () => undefined }, createBody(log, 'cancelled').run);
  controller.abort(new Error('cancelled'));
  await expect(cancelled).rejects.toThrow('cancelled');
  const failing = slots.inside({ signal: never, onWait: () => undefined }, async () => Promise.reject(new Error('failed')));
  first.end();
  await running;
  await expect(failing).rejects.toThrow('failed');
  await slots.inside({ signal: never, onWait: () => void log.push('waited') }, async () => void log.push('last'));
  expect(log).toEqual(['first', 'last']);
});
