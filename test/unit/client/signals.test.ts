import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { type Interruption, watchInterruptions } from '../../../client/runs/interruption.ts';
import { watchShutdown } from '../../../client/shutdown.ts';
import { createFakeIo, type FakeIo } from '../../support/cli-io.ts';

function watched(secondWithinMs: number): { io: FakeIo; interruption: Interruption; events: string[] } {
  const io = createFakeIo();
  const events: string[] = [];
  const interruption = watchInterruptions(io, {
    onNotice: () => events.push('notice'),
    onCancel: () => events.push('cancel'),
    secondWithinMs,
  });
  return { io, interruption, events };
}

test('one Ctrl-C leaves the run to itself after a moment', async () => {
  const { io, interruption, events } = watched(20);
  io.signal('SIGINT');
  expect(interruption.detached.aborted).toBe(false);
  await delay(60);
  expect({ isDetached: interruption.detached.aborted, events }).toEqual({ isDetached: true, events: ['notice'] });
});

test('a second Ctrl-C cancels the run and goes on watching it', async () => {
  const { io, interruption, events } = watched(20);
  io.signal('SIGINT');
  io.signal('SIGINT');
  await delay(60);
  expect({ isDetached: interruption.detached.aborted, events }).toEqual({
    isDetached: false,
    events: ['notice', 'notice', 'cancel'],
  });
});

test('a third Ctrl-C stops waiting, and the run is cancelled once', () => {
  const { io, interruption, events } = watched(5_000);
  for (const _ of [1, 2, 3]) io.signal('SIGINT');
  expect(interruption.detached.aborted).toBe(true);
  expect(events.filter((event) => event === 'cancel')).toHaveLength(1);
});

test('SIGTERM leaves the run to itself at once', () => {
  const { io, interruption, events } = watched(5_000);
  io.signal('SIGTERM');
  expect({ isDetached: interruption.detached.aborted, events }).toEqual({ isDetached: true, events: [] });
});

test('the signals are given back when the watching ends, and nothing detaches later', async () => {
  const { io, interruption } = watched(20);
  io.signal('SIGINT');
  interruption.stop();
  await delay(60);
  expect({ listeners: io.listeners(), isDetached: interruption.detached.aborted }).toEqual({ listeners: 0, isDetached: false });
});

test('a process that serves ends in order at the first signal and at once at a second Ctrl-C', () => {
  const io = createFakeIo();
  const notices: string[] = [];
  const shutdown = watchShutdown(io, () => notices.push('draining'));
  io.signal('SIGTERM');
  io.signal('SIGTERM');
  expect({ isShutDown: shutdown.signal.aborted, notices, exits: io.exits }).toEqual({
    isShutDown: true,
    notices: ['draining'],
    exits: [],
  });
  io.signal('SIGINT');
  expect(io.exits).toEqual([130]);
  shutdown.release();
  expect(io.listeners()).toBe(0);
});
