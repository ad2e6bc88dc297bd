import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { requireRoom } from '../../../../activities/restore/room.ts';
import { programs, withDirectory } from '../../../support/phase-context.ts';

test('a disk without room is told with both sizes, also for a directory that is not there yet', () =>
  withDirectory(async (directory) => {
    const mounted = await programs.run({ program: 'mount', args: ['-t', 'tmpfs', '-o', 'size=100m', 'tmpfs', directory] });
    expect(mounted).toMatchObject({ exitCode: 0 });
    try {
      const target = join(directory, 'restore/tracker');
      await requireRoom(target, 20 * 1024 ** 2, 'the restore');
      await expect(requireRoom(target, 50 * 1024 ** 2, 'the restore')).rejects.toMatchObject({
        type: 'DiskFull',
        message: expect.stringMatching(/the restore needs 50 MiB in .*restore\/tracker, and its disk has 100 MiB free/),
      });
    } finally {
      await programs.run({ program: 'umount', args: [directory] });
    }
  }));
