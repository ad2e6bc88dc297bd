import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { createRestic, type Restic } from '../../activities/restic/restic.ts';
import type { Repository } from '../../config/types.ts';
import { createTestContext, programs, withDirectory } from '../support/phase-context.ts';

function bind(directory: string, password = 'correct horse'): { restic: Restic; context: ReturnType<typeof createTestContext> } {
  const context = createTestContext({ RESTIC_SECRET: password });
  const repository: Repository = {
    name: 'main',
    location: join(directory, 'repository'),
    password: { kind: 'env', name: 'RESTIC_SECRET' },
    environment: {},
    options: [],
    check: undefined,
    prune: undefined,
  };
  return { restic: createRestic({ programs, repository, stateDirectory: join(directory, 'state'), context }), context };
}

async function makeStage(directory: string): Promise<string> {
  const stage = join(directory, 'stage');
  await mkdir(stage);
  await writeFile(join(stage, 'manifest.json'), '{}');
  return stage;
}

test('a repository is created once, and found the second time', () =>
  withDirectory(async (directory) => {
    const { restic } = bind(directory);
    await expect(restic.probe()).rejects.toMatchObject({ type: 'RepositoryMissing' });
    const created = await restic.init();
    expect(created.wasCreated).toBe(true);
    expect(await restic.init()).toEqual({ repositoryId: created.repositoryId, wasCreated: false });
  }));

test('a wrong password is told apart from a missing repository, and creates nothing', () =>
  withDirectory(async (directory) => {
    await bind(directory).restic.init();
    const { restic } = bind(directory, 'battery staple');
    await expect(restic.probe()).rejects.toMatchObject({ type: 'AuthRejected' });
    await expect(restic.init()).rejects.toMatchObject({ type: 'AuthRejected' });
  }));

test('a backup reports its snapshot, its tags and what it added, and the second one adds next to nothing', () =>
  withDirectory(async (directory) => {
    const { restic } = bind(directory);
    await restic.init();
    const stage = await makeStage(directory);
    await writeFile(join(stage, 'data'), Buffer.alloc(3_000_000, 'x'));
    const options = { directory: stage, host: 'tracker-1', tags: ['plan:tracker', 'run:1'] };
    const first = await restic.backup(options);
    expect(first).toMatchObject({ isComplete: true, total_files_processed: 2, total_bytes_processed: 3_000_002 });
    const second = await restic.backup({ ...options, tags: ['plan:tracker', 'run:2'] });
    expect(second.data_added_packed ?? second.data_added).toBeLessThan(1_000);
    const found = await restic.snapshots({ host: 'tracker-1', tags: ['plan:tracker', 'run:1'] });
    expect(found.map((snapshot) => snapshot.id)).toEqual([first.snapshot_id]);
    expect(await restic.snapshots({ host: 'other', tags: ['plan:tracker'] })).toEqual([]);
  }));

test('a snapshot of another plan or host is never on the list of what to forget', () =>
  withDirectory(async (directory) => {
    const { restic } = bind(directory);
    await restic.init();
    const stage = await makeStage(directory);
    for (const [host, plan] of [
      ['a', 'tracker'],
      ['a', 'other'],
      ['b', 'tracker'],
      ['a', 'tracker'],
    ] as const) {
      await restic.backup({ directory: stage, host, tags: [`plan:${plan}`] });
    }
    const preview = await restic.previewForget({ host: 'a', plan: 'tracker', retention: { keepLast: 1 } });
    expect(preview.keep).toHaveLength(1);
    expect(preview.remove).toHaveLength(1);
    await restic.forget(preview.remove.map((snapshot) => snapshot.id));
    expect(await restic.snapshots({ host: 'a', tags: ['plan:other'] })).toHaveLength(1);
    expect(await restic.snapshots({ host: 'b', tags: ['plan:tracker'] })).toHaveLength(1);
    expect(await restic.snapshots({ host: 'a', tags: ['plan:tracker'] })).toHaveLength(1);
  }));
