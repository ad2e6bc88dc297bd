import { chown } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { removeTree } from '../../../../activities/stage/remove-tree.ts';
import { describeTree, type StagePlace, shell, withStagePlace } from '../../../support/stage-place.ts';

const NOBODY = 65534;

/** Prepares as root, and stages as a worker that is not: effective ids of the whole process, back to root whatever happens. */
function asNobody(prepare: (place: StagePlace) => Promise<unknown>, body: (place: StagePlace) => Promise<void>): Promise<void> {
  return withStagePlace(async (place) => {
    await prepare(place);
    for (const directory of [dirname(place.base), place.stage]) await chown(directory, NOBODY, NOBODY);
    const groups = process.getgroups?.() ?? [];
    process.setgroups?.([]);
    process.setegid?.(NOBODY);
    process.seteuid?.(NOBODY);
    try {
      await body(place);
    } finally {
      process.seteuid?.(0);
      process.setegid?.(0);
      process.setgroups?.(groups);
    }
  });
}

test('a worker that is not root keeps modes and times, and can read and remove its copies', () =>
  asNobody(
    ({ base }) =>
      shell(
        base,
        `mkdir -p sealed/deep; echo a > sealed/deep/a; echo b > by-group; echo c > readable; ln -s readable link
         chgrp ${NOBODY} by-group; chmod 0040 by-group; chmod 0444 readable; touch -d '2011-11-11 11:11:11.111111111' sealed
         chmod 0555 sealed/deep sealed`,
      ),
    async ({ base, stage, context, run }) => {
      const { entries } = await run();
      expect(context.warnings).toEqual([]);
      expect(entries.find(({ path }) => path === 'files/config/by-group')?.mode).toBe('0440');
      const staged = join(stage, 'files/config');
      // Owner and the widened mode are what may differ.
      const comparable = async (directory: string) =>
        (await shell(directory, "find . -printf '%p %y %m %T@ %l\\n' | sort")).replace('by-group f 440', 'by-group f 40');
      expect(await comparable(staged)).toBe(await comparable(base));
      expect(await shell(staged, 'cat by-group sealed/deep/a')).toBe('b\na\n');
      await run();
      expect(await describeTree(staged)).toContain('s   e   a   l   e   d');
      await removeTree(stage);
      await expect(shell(stage, ':')).rejects.toThrow();
    },
  ));

test('all that cannot be read is named at once, and nothing stays in the stage', () =>
  asNobody(
    ({ base }) =>
      shell(base, 'mkdir -m 0700 locked; mkdir open; for f in a "b c" open/d; do : > "$f"; done; chmod 0600 "b c" open/d'),
    async ({ stage, run }) => {
      await expect(run({ exclude: ['locked'] })).rejects.toMatchObject({
        type: 'SourceMissing',
        message: expect.stringMatching(
          /^files\/config: the worker \(uid 65534\) cannot read "b c" \(EACCES\), open\/d \(EACCES\) below .*exclude/,
        ),
      });
      await expect(run({ paths: ['locked', 'none'] })).rejects.toMatchObject({
        message: expect.stringMatching(/matches "none"\. .* Also, the worker .* cannot read locked \(EACCES\)/),
      });
      expect(await shell(stage, 'find . -type f')).toBe('');
    },
  ));
