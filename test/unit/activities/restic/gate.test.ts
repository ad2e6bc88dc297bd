import { expect, test } from '@jest/globals';
import { type Access, insideGate } from '../../../../activities/restic/gate.ts';

/** Calls that stay inside until they are told to leave, and a diary of who entered. */
function visitors(location: string) {
  const diary: string[] = [];
  const controller = new AbortController();
  const enter = (name: string, access: Access, signal = controller.signal) => {
    let leave = () => {};
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const onWait = (purpose: string) => void diary.push(`${name} waits for ${purpose}`);
    const over = insideGate(location, { access, purpose: name, signal, onWait }, async () => {
      diary.push(name);
      await left;
    });
    return {
      over,
      leave: async () => {
        leave();
        await over;
      },
    };
  };
  return { diary, enter };
}

/** Lets everything happen that only waits for promises. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test('backups run side by side, and a prune waits until the last of them is over', async () => {
  const { diary, enter } = visitors('a');
  const first = enter('first', 'shared');
  const second = enter('second', 'shared');
  const prune = enter('prune', 'background');
  await first.leave();
  await settle();
  expect(diary.sort()).toEqual(['first', 'prune waits for first', 'second']);
  await second.leave();
  await settle();
  expect(diary.at(-1)).toBe('prune');
  await prune.leave();
});

test('a backup that comes while a check waits goes first, and so does a forget', async () => {
  const { diary, enter } = visitors('b');
  const running = enter('running', 'shared');
  const check = enter('check', 'background');
  const forget = enter('forget', 'exclusive');
  const backup = enter('backup', 'shared');
  await settle();
  expect(diary).toContain('backup');
  await running.leave();
  await backup.leave();
  await settle();
  expect(diary.at(-1)).toBe('forget');
  expect(diary).not.toContain('check');
  await forget.leave();
  await settle();
  expect(diary.at(-1)).toBe('check');
  await check.leave();
});

test('a wait can be cancelled, and whoever stood behind goes on', async () => {
  const { diary, enter } = visitors('c');
  const running = enter('running', 'background');
  const controller = new AbortController();
  const waiting = enter('waiting', 'exclusive', controller.signal);
  const behind = enter('behind', 'background');
  const reason = new Error('cancelled');
  controller.abort(reason);
  await expect(waiting.over).rejects.toBe(reason);
  await running.leave();
  await settle();
  expect(diary.at(-1)).toBe('behind');
  await behind.leave();
});

test('one repository does not hold up another, and a failure inside gives the gate back', async () => {
  const { diary, enter } = visitors('d');
  const elsewhere = visitors('e').enter('prune', 'background');
  const request = { access: 'exclusive', purpose: 'forget', signal: new AbortController().signal, onWait: () => {} } as const;
  await expect(insideGate('d', request, async () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  await enter('backup', 'shared').leave();
  expect(diary).toEqual(['backup']);
  await elsewhere.leave();
});
