import { randomBytes } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
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
    uploadLimit: undefined,
    downloadLimit: undefined,
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

/** A repository with one snapshot of two files, `files/a[1]/x` and `data`. */
async function backedUp(directory: string): Promise<ReturnType<typeof bind> & { snapshotId: string }> {
  const bound = bind(directory);
  await bound.restic.init();
  const stage = await makeStage(directory);
  await mkdir(join(stage, 'files/a[1]'), { recursive: true });
  await writeFile(join(stage, 'files/a[1]/x'), 'x');
  await writeFile(join(stage, 'data'), randomBytes(3_000_000));
  const { snapshot_id: snapshotId } = await bound.restic.backup({ directory: stage, host: 'a', tags: ['plan:app'] });
  return { ...bound, snapshotId };
}

test('a snapshot is restored by its exact id, whole or in part, and a path is never a pattern', () =>
  withDirectory(async (directory) => {
    const { restic, context, snapshotId } = await backedUp(directory);
    const whole = join(directory, 'whole');
    const summary = await restic.restore({ snapshotId, target: whole });
    expect(summary).toMatchObject({ files_restored: 5, bytes_restored: 3_000_003 });
    const compared = await programs.run({ program: 'diff', args: ['-r', join(directory, 'stage'), whole] });
    expect(compared).toMatchObject({ exitCode: 0, stdout: '' });
    expect(context.progress[0]).toEqual({ phase: 'restore' });
    const part = join(directory, 'part');
    await restic.restore({ snapshotId, target: part, include: ['manifest.json', 'files/a[1]'] });
    expect((await readdir(part, { recursive: true })).sort()).toEqual(['files', 'files/a[1]', 'files/a[1]/x', 'manifest.json']);
    await expect(restic.restore({ snapshotId: 'f'.repeat(64), target: part })).rejects.toMatchObject({ type: 'ConfigInvalid' });
  }));

test('a restic that failed may have left its lock, which the next call looks for; then it is forgotten', () =>
  withDirectory(async (directory) => {
    const { restic, context } = await backedUp(directory);
    const records = () => readdir(join(directory, 'state/restic-processes'));
    expect(await records()).toEqual([]);
    await expect(restic.restore({ snapshotId: 'f'.repeat(64), target: join(directory, 'x') })).rejects.toThrow();
    expect(await records()).toHaveLength(1);
    await restic.snapshots({ host: 'a', tags: ['plan:app'] });
    expect(context.progress).toContainEqual({ phase: 'look for the lock of a process that died' });
    expect(await records()).toEqual([]);
  }));

test.each<[string, string]>([
  ['a flipped byte', 'printf "\\377\\000\\377" | dd of="$pack" bs=1 seek=5000 conv=notrunc'],
  ['a cut pack', 'truncate -s 100000 "$pack"'],
  ['a lost pack', 'rm -f "$pack"'],
  ['a lost index', 'rm -f index/*'],
])('%s is told as damage of the repository, with what to do', (_, damage) =>
  withDirectory(async (directory) => {
    const { restic, snapshotId } = await backedUp(directory);
    const script = `pack=$(find data -type f -size +1M | head -n 1) && chmod u+w "$pack" && ${damage}`;
    const damaged = await programs.run({ program: 'sh', args: ['-c', script], cwd: join(directory, 'repository') });
    expect(damaged.exitCode).toBe(0);
    await expect(restic.restore({ snapshotId, target: join(directory, 'target') })).rejects.toMatchObject({
      type: 'RepositoryDamaged',
      message: expect.stringMatching(/snapshot \w{8} cannot be restored whole: .*--from archive.*restic check --read-data/),
    });
  }),
);
