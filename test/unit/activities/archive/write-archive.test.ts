import { appendFile, mkdir, open, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { compareWithStage } from '../../../../activities/archive/tar.ts';
import { type WriteArchiveOptions, writeArchive } from '../../../../activities/archive/write-archive.ts';
import { createTestContext, programs, withDirectory } from '../../../support/phase-context.ts';

const run = {
  plan: 'tracker',
  workflowId: 'w',
  runId: '01a20723-d9f2-7dd7-9488-e157cb46d421',
  startedAt: '2026-11-23T03:00:00.123Z',
};

async function makeStage(directory: string): Promise<string> {
  const stageDirectory = join(directory, 'stage');
  await mkdir(join(stageDirectory, 'files/config/empty'), { recursive: true });
  await writeFile(join(stageDirectory, 'manifest.json'), '{}');
  await writeFile(join(stageDirectory, 'files/config/two\nlines: "x"'), 'odd name');
  await writeFile(Buffer.concat([Buffer.from(`${stageDirectory}/files/`), Buffer.from([0xff])]), 'not UTF-8');
  await symlink('/nowhere', join(stageDirectory, 'files/config/link'));
  await writeFile(join(stageDirectory, 'data'), Buffer.alloc(1_000_000, 'abc'));
  return stageDirectory;
}

const memoryIn = (directory: string, digest = 'a') => ({ file: join(directory, 'last-archive.json'), digest });

const archiveIn = (directory: string, format: 'tar.zst' | 'tar.gz' = 'tar.zst') =>
  ({ directory: join(directory, 'archives'), format, keepDays: 7, keepAtLeast: 2 }) as const;

test.each(['tar.zst', 'tar.gz'] as const)(
  'a %s holds the stage, is readable by its owner only, and has no other name before',
  (format) =>
    withDirectory(async (directory) => {
      const stageDirectory = await makeStage(directory);
      const archive = archiveIn(directory, format);
      const { path, bytes } = await writeArchive(
        { archive, stageDirectory, run, programs, memory: memoryIn(directory) },
        createTestContext(),
      );
      expect(path).toBe(join(archive.directory, `tracker-20261123T030000Z-cb46d421.${format}`));
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      expect((await stat(path)).size).toBe(bytes);
      expect(await readdir(archive.directory)).toHaveLength(1);
      const target = join(directory, 'unpacked');
      await mkdir(target);
      const unpacked = await programs.run({ program: 'tar', args: ['-xf', path, '-C', target] });
      expect(unpacked.exitCode).toBe(0);
      const compared = await programs.run({ program: 'diff', args: ['-r', '--no-dereference', stageDirectory, target] });
      expect(compared).toMatchObject({ exitCode: 0, stdout: '' });
    }),
);

test('a second attempt verifies and keeps what the first one finished, and sweeps a partial one', () =>
  withDirectory(async (directory) => {
    const stageDirectory = await makeStage(directory);
    const archive = archiveIn(directory);
    const options = { archive, stageDirectory, run, programs, memory: memoryIn(directory) };
    const first = await writeArchive(options, createTestContext());
    const { mtimeMs } = await stat(first.path);
    await writeFile(join(archive.directory, 'tracker-20261122T030000Z-aaaaaaaa.tar.zst.partial'), 'half');
    await writeFile(join(archive.directory, 'other-20261122T030000Z-aaaaaaaa.tar.zst.partial'), "another plan's");
    expect(await writeArchive(options, createTestContext())).toEqual(first);
    expect((await stat(first.path)).mtimeMs).toBe(mtimeMs);
    expect((await readdir(archive.directory)).sort()).toEqual([
      'other-20261122T030000Z-aaaaaaaa.tar.zst.partial',
      'tracker-20261123T030000Z-cb46d421.tar.zst',
    ]);
  }));

test('reading back finds a changed byte and a missing member', () =>
  withDirectory(async (directory) => {
    const stageDirectory = await makeStage(directory);
    const { path } = await writeArchive(
      { archive: archiveIn(directory), stageDirectory, run, programs, memory: memoryIn(directory) },
      createTestContext(),
    );
    const job = { programs, format: 'tar.zst', stageDirectory, context: createTestContext() } as const;
    await writeFile(join(stageDirectory, 'another'), 'not in the archive');
    await expect(compareWithStage(job, path)).rejects.toMatchObject({ type: 'DumpRejected' });
    await programs.run({ program: 'rm', args: [join(stageDirectory, 'another')] });
    const data = await readFile(join(stageDirectory, 'data'));
    data[500_000] = 0;
    await writeFile(join(stageDirectory, 'data'), data);
    await expect(compareWithStage(job, path)).rejects.toMatchObject({
      type: 'DumpRejected',
      message: expect.stringContaining('data'),
    });
  }));

test('a full disk is told as such, and leaves nothing', () =>
  withDirectory(async (directory) => {
    const stageDirectory = await makeStage(directory);
    await programs.run({ program: 'sh', args: ['-c', `head -c 3000000 /dev/urandom > ${stageDirectory}/random`] });
    const archive = archiveIn(directory);
    await mkdir(archive.directory);
    const mounted = await programs.run({ program: 'mount', args: ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', archive.directory] });
    expect(mounted).toMatchObject({ exitCode: 0 });
    try {
      const writing = writeArchive({ archive, stageDirectory, run, programs, memory: memoryIn(directory) }, createTestContext());
      await expect(writing).rejects.toMatchObject({ type: 'DiskFull' });
      expect(await readdir(archive.directory)).toEqual([]);
    } finally {
      await programs.run({ program: 'umount', args: [archive.directory] });
    }
  }));

test('cancelling leaves nothing, neither files nor children', () =>
  withDirectory(async (directory) => {
    const stageDirectory = await makeStage(directory);
    await programs.run({ program: 'sh', args: ['-c', `head -c 50000000 /dev/urandom > ${stageDirectory}/random`] });
    const context = createTestContext();
    const archive = archiveIn(directory);
    const reason = new Error('cancelled');
    setTimeout(() => context.controller.abort(reason), 60);
    await expect(writeArchive({ archive, stageDirectory, run, programs, memory: memoryIn(directory) }, context)).rejects.toBe(
      reason,
    );
    expect(await readdir(archive.directory)).toEqual([]);
    await sleep(1_000);
    // tar and its compressor would hold files in here.
    const open = await programs.run({
      program: 'sh',
      args: ['-c', 'ls -l /proc/[0-9]*/fd 2>&1 | grep -F "$1"', 'sh', directory],
    });
    expect(open.stdout).toBe('');
  }));

test('an archive of an earlier attempt that is damaged is written again', () =>
  withDirectory(async (directory) => {
    const options = {
      archive: archiveIn(directory),
      stageDirectory: await makeStage(directory),
      run,
      programs,
      memory: memoryIn(directory),
    };
    const { path, bytes } = await writeArchive(options, createTestContext());
    await writeFile(path, (await readFile(path)).subarray(0, bytes / 2));
    const context = createTestContext();
    expect((await writeArchive(options, context)).path).toBe(path);
    expect(context.warnings).toEqual([expect.stringContaining(`${path} of an earlier attempt is not what the stage holds`)]);
    await compareWithStage({ programs, format: 'tar.zst', stageDirectory: options.stageDirectory, context }, path);
    expect(await readdir(options.archive.directory)).toHaveLength(1);
  }));

test('a directory that may wait for its disk is not made up', () =>
  withDirectory(async (directory) => {
    const stageDirectory = await makeStage(directory);
    const mountPoint = join(directory, 'mount');
    const archive = archiveIn(mountPoint);
    await expect(
      writeArchive({ archive, stageDirectory, run, programs, memory: memoryIn(directory) }, createTestContext()),
    ).rejects.toMatchObject({
      type: 'StorageUnavailable',
      message: expect.stringContaining(`${archive.directory} cannot be used (ENOENT)`),
    });
    await mkdir(mountPoint);
    const context = createTestContext();
    await writeArchive({ archive, stageDirectory, run, programs, memory: memoryIn(directory) }, context);
    expect(context.warnings).toEqual([expect.stringContaining(`made in an empty ${mountPoint}. Is its disk mounted?`)]);
    expect((await stat(archive.directory)).mode & 0o777).toBe(0o700);
  }));

test('where nothing has changed the last archive gets a second name, also in a second attempt', () =>
  withDirectory(async (directory) => {
    const stageDirectory = await makeStage(directory);
    const options = { archive: archiveIn(directory), stageDirectory, run, programs, memory: memoryIn(directory) };
    const first = await writeArchive(options, createTestContext());
    await writeFile(join(stageDirectory, 'manifest.json'), '{"run": "another"}');
    const next = { ...options, run: { ...run, runId: run.runId.replace(/.$/, '2'), startedAt: '2026-11-24T03:00:00.000Z' } };
    for (let attempt = 1; attempt <= 2; attempt++) {
      const second = await writeArchive(next, createTestContext());
      expect(second.path).not.toBe(first.path);
      expect((await stat(second.path)).ino).toBe((await stat(first.path)).ino);
    }
    expect(await readdir(options.archive.directory)).toHaveLength(2);
  }));

test.each([
  ['something has changed', (options: WriteArchiveOptions) => ({ ...options, memory: { ...options.memory, digest: 'b' } })],
  ['it was touched', async (options: WriteArchiveOptions, path: string) => appendFile(path, 'x').then(() => options)],
  ['it is gone', async (options: WriteArchiveOptions, path: string) => rm(path).then(() => options)],
  [
    'it has another format',
    (options: WriteArchiveOptions) => ({ ...options, archive: { ...options.archive, format: 'tar.gz' as const } }),
  ],
])('the last archive is no archive of this run when %s', (_, change) =>
  withDirectory(async (directory) => {
    const stageDirectory = await makeStage(directory);
    const options = { archive: archiveIn(directory), stageDirectory, run, programs, memory: memoryIn(directory) };
    const { path } = await writeArchive(options, createTestContext());
    const { ino } = await stat(path);
    const held = await open(path);
    const next = { ...(await change(options, path)), run: { ...run, startedAt: '2026-11-24T03:00:00.000Z' } };
    const second = await writeArchive(next, createTestContext());
    await held.close();
    expect((await stat(second.path)).ino).not.toBe(ino);
    await compareWithStage({ programs, format: next.archive.format, stageDirectory, context: createTestContext() }, second.path);
  }),
);
