import { lstat, mkdir, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { unpackArchive } from '../../../../activities/archive/unpack-archive.ts';
import { writeArchive } from '../../../../activities/archive/write-archive.ts';
import { createTestContext, programs, withDirectory } from '../../../support/phase-context.ts';

const run = {
  plan: 'app',
  workflowId: 'w',
  runId: '01a20723-d9f2-7dd7-9488-e157cb46d421',
  startedAt: '2026-11-23T03:00:00.123Z',
};

async function makeArchive(directory: string, format: 'tar.zst' | 'tar.gz'): Promise<{ stage: string; path: string }> {
  const stage = join(directory, 'stage');
  await mkdir(join(stage, 'files/config'), { recursive: true });
  await mkdir(join(stage, 'sqlite'));
  await writeFile(join(stage, 'manifest.json'), '{}');
  await writeFile(join(stage, 'files/config/two\nlines -> "x"'), 'odd name', { mode: 0o640 });
  await writeFile(join(stage, 'files/config/a[1]*.yml'), 'not a pattern');
  await symlink('/nowhere/../x', join(stage, 'files/config/link -> there'));
  await writeFile(join(stage, 'sqlite/app.db'), Buffer.alloc(1_000_000, 'abc'));
  const archive = { directory: join(directory, 'archives'), format, keepDays: 7, keepAtLeast: 2 };
  const memory = { file: join(directory, 'last-archive.json'), digest: 'a' };
  const { path } = await writeArchive({ archive, stageDirectory: stage, run, programs, memory }, createTestContext());
  return { stage, path };
}

const job = () => ({ programs, context: createTestContext() });

async function emptyTarget(directory: string): Promise<string> {
  const target = join(directory, 'target');
  await mkdir(target);
  return target;
}

test.each(['tar.zst', 'tar.gz'] as const)('a %s comes back as the stage was, and its size is known before', (format) =>
  withDirectory(async (directory) => {
    const { stage, path } = await makeArchive(directory, format);
    const target = await emptyTarget(directory);
    const seen: number[] = [];
    await unpackArchive(job(), path, target, {
      beforeWriting: async ({ bytes }) => {
        seen.push(bytes);
        expect(await readdir(target)).toEqual([]);
      },
    });
    expect(seen).toEqual([1_000_023]);
    const compared = await programs.run({ program: 'diff', args: ['-r', '--no-dereference', stage, target] });
    expect(compared).toMatchObject({ exitCode: 0, stdout: '' });
    const name = 'files/config/two\nlines -> "x"';
    const [original, copy] = await Promise.all([stage, target].map((tree) => lstat(join(tree, name), { bigint: true })));
    expect([copy?.mode, copy?.mtimeNs]).toEqual([original?.mode, original?.mtimeNs]);
  }),
);

test('only what is asked for is unpacked, and a path is never a pattern', () =>
  withDirectory(async (directory) => {
    const { path } = await makeArchive(directory, 'tar.zst');
    const target = await emptyTarget(directory);
    await unpackArchive(job(), path, target, { only: ['manifest.json', 'files/config/a[1]*.yml'] });
    expect((await readdir(target, { recursive: true })).sort()).toEqual([
      'files',
      'files/config',
      'files/config/a[1]*.yml',
      'manifest.json',
    ]);
    await expect(unpackArchive(job(), path, target, { only: ['sqlite/none.db'] })).rejects.toMatchObject({
      type: 'DumpRejected',
      message: expect.stringContaining('none.db'),
    });
  }));

test('an archive that was cut or damaged is refused before anything is written', () =>
  withDirectory(async (directory) => {
    const { path } = await makeArchive(directory, 'tar.gz');
    const target = await emptyTarget(directory);
    await truncate(path, 700);
    await expect(unpackArchive(job(), path, target)).rejects.toMatchObject({ type: 'DumpRejected' });
    await writeFile(path, 'no archive at all');
    await expect(unpackArchive(job(), path, target)).rejects.toMatchObject({ type: 'DumpRejected' });
    expect(await readdir(target)).toEqual([]);
  }));

/** Members of a hostile archive, as Python's tarfile takes them: name, type, link target. */
const HOSTILE: [string, [string, string, string][]][] = [
  ['a member above the tree', [['./../escaped', 'REGTYPE', '']]],
  ['an absolute member', [['/tmp/holdfast-escaped', 'REGTYPE', '']]],
  ['a hard link to a file of the host', [['./hard', 'LNKTYPE', '/etc/hostname']]],
  ['a device', [['./device', 'CHRTYPE', '']]],
  ['a FIFO', [['./fifo', 'FIFOTYPE', '']]],
  [
    'a member through a link that leads out',
    [
      ['./files', 'SYMTYPE', 'OUTSIDE'],
      ['./files/escaped', 'REGTYPE', ''],
    ],
  ],
  [
    'a member through a relative link that leads out',
    [
      ['./files', 'SYMTYPE', '../outside'],
      ['./files/escaped', 'REGTYPE', ''],
    ],
  ],
  [
    'a member through two links',
    [
      ['./a', 'SYMTYPE', 'b'],
      ['./b', 'SYMTYPE', 'OUTSIDE'],
      ['./a/escaped', 'REGTYPE', ''],
    ],
  ],
  [
    'a file over a link that leads out',
    [
      ['./x', 'SYMTYPE', 'OUTSIDE/escaped'],
      ['./x', 'REGTYPE', ''],
    ],
  ],
];

const WRITER = `
import io, json, sys, tarfile
path, outside, members = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
with tarfile.open(path, 'w:gz') as archive:
    for name, kind, target in members:
        info = tarfile.TarInfo(name)
        info.type = getattr(tarfile, kind)
        info.linkname = target.replace('OUTSIDE', outside)
        data = b'hostile' if kind == 'REGTYPE' else b''
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
`;

test.each(HOSTILE)('%s writes nothing outside of the target, and is refused', (_, members) =>
  withDirectory(async (directory) => {
    const outside = join(directory, 'outside');
    await mkdir(outside);
    const path = join(directory, 'hostile.tar.gz');
    const written = await programs.run({ program: 'python3', args: ['-c', WRITER, path, outside, JSON.stringify(members)] });
    expect(written).toMatchObject({ exitCode: 0, stderr: '' });
    const target = await emptyTarget(directory);
    await expect(unpackArchive(job(), path, target)).rejects.toMatchObject({ type: 'DumpRejected' });
    expect(await readdir(outside)).toEqual([]);
    expect((await readdir(directory)).sort()).toEqual(['hostile.tar.gz', 'outside', 'target']);
    await expect(readFile('/tmp/holdfast-escaped')).rejects.toMatchObject({ code: 'ENOENT' });
  }),
);
